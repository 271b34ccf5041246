"""Every setting of dfsweb, read once from the environment.

A value that has a unit carries it in its name. Names without a prefix are the ones an operator sets.
"""

from datetime import timedelta
from pathlib import Path

from dfsweb.env import Env

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- Django ---------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="insecure-until-set: see the system check dfsweb.E001")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "dfsweb.apps.ServedFilesConfig",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "nodes",
    "files",
    "dfsweb",
]
MIDDLEWARE = [
    "dfsweb.measuring.MeasureMiddleware",
    "dfsweb.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dfsweb.replies.ReplyMiddleware",
    "dfsweb.people.Sessions",
    "dfsweb.languages.LanguageMiddleware",
    "dfsweb.admin_networks.AdminNetworksMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "dfsweb.people.Authentication",
    "dfsweb.people.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
APPEND_SLASH = False
ROOT_URLCONF = "dfsweb.urls"
WSGI_APPLICATION = "dfsweb.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Cookies and headers: SECURE=1 behind TLS; plain HTTP is for loopback ------------------------------
SECURE = env.bool("SECURE", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (
    ("__Host-sessionid", "__Host-csrftoken") if SECURE else ("sessionid", "csrftoken")
)
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "dfsweb.api_errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if SECURE:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # the proxy in front must set or drop it
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$", r"^api/v1/nodes/announce$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

# --- PostgreSQL: the only truth ---------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///dfsweb")}
DATABASES["default"]["ENGINE"] = "dfsweb.database"
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    # Server-side binding lets PostgreSQL keep the plan of a statement: planning a join of five tables each
    # time costs more than running it. Every statement goes by an index, so a plan made once is the right
    # one; making it anew for the first five calls, as PostgreSQL would by itself, costs each connection more.
    "server_side_binding": True,
    "prepare_threshold": 1,
    # A plan made while a table was young would read all of it, and go on so for a minute after it has grown.
    # Compiling one costs more than any of them takes.
    "options": "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off"
    # What stands still in the middle of a transaction, a machine that sleeps, would hold up for as long all
    # who want the same rows; it gives them back and learns that it was too late.
    " -c idle_in_transaction_session_timeout=15s",
    # Over a network that swallows packets neither side would ever learn of it.
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 20_000,  # milliseconds without an acknowledgement
    "keepalives_idle": 10,  # seconds; who only waits for an answer asks so whether anybody is there
    "keepalives_interval": 5,
    "pool": {
        "min_size": 1,
        "max_size": env.count("DATABASE_POOL_SIZE", default=4),
        "timeout": 10,
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: wake-ups only ---------------------------------------------------------------------------
REDIS_URL = env.redis_url("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 90  # seconds; below every lease, so that a hung task cannot outlive its claim
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # a full Redis refuses an acknowledgement; the worker connects anew
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- People -----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["accounts.hashers.SmallArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
REGISTRATION = env.str("REGISTRATION", default="open")  # or "invitation", or "closed"
REGISTRATIONS_PER_HOUR = env.int(
    "REGISTRATIONS_PER_HOUR", default=100
)  # from one address, such as a school's
CONFIRM_EMAIL = env.bool("CONFIRM_EMAIL", default=False)  # before an account can sign in; needs EMAIL_URL
SESSION_ENGINE = "accounts.sessions"
SESSION_INTERVAL_SECONDS = 3600  # how often the rows of ended sessions are removed
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))  # letters go to the log until it is set
EMAIL_TIMEOUT = 10  # seconds; letters are sent in the background, one by one
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="dfsweb@localhost")
PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds that the link of a letter is good
SIGN_IN_ATTEMPTS = env.int("SIGN_IN_ATTEMPTS", default=10)  # at one account from one address in 5 minutes
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", default="")
ADMIN_NETWORKS = env.networks("ADMIN_NETWORKS", default="")  # where administrators act; empty: anywhere
DEFAULT_QUOTA_BYTES = env.int("DEFAULT_QUOTA_BYTES", default=10 * 2**30)

# --- The cluster ------------------------------------------------------------------------------------
CLUSTER_SECRET = env.str("CLUSTER_SECRET", default="")  # hex; each node's key derives from it
JOIN_TOKEN = env.str("JOIN_TOKEN", default="")
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
AUTO_ACTIVATE = env.bool("AUTO_ACTIVATE", default=False)
NODE_NETWORKS = env.networks("NODE_NETWORKS", default="127.0.0.0/8,::1/128")
REPLICAS = env.int("REPLICAS", default=3)
WRITE_QUORUM = env.int("WRITE_QUORUM", default=2)
PUSH_AFTER_SECONDS = env.float("PUSH_AFTER_SECONDS", default=6)  # further copies yield to uploads
CHUNK_SIZE = env.int("CHUNK_SIZE", default=4 * 2**20)
PROBE_INTERVAL_SECONDS = env.interval("PROBE_INTERVAL_SECONDS", default=5)
SUSPECT_AFTER_FAILURES = env.count("SUSPECT_AFTER_FAILURES", default=2)
OFFLINE_AFTER_SECONDS = env.float("OFFLINE_AFTER_SECONDS", default=30)
REPAIR_AFTER_SECONDS = env.float("REPAIR_AFTER_SECONDS", default=600)
REPAIR_BYTES_PER_SECOND = env.int(  # of the whole cluster: half of a gigabit line; 0 is no limit
    "REPAIR_BYTES_PER_SECOND", default=50_000_000
)
REBALANCE_THRESHOLD = env.float("REBALANCE_THRESHOLD", default=0.1)  # difference of used shares; 1: never
REBALANCE_INTERVAL_SECONDS = 60  # a pass moves little, and waits until reclaim has shown what it brought
SWEEP_INTERVAL_SECONDS = env.interval("SWEEP_INTERVAL_SECONDS", default=10)
GRACE_SECONDS = env.float("GRACE_SECONDS", default=25 * 3600)  # longer than any upload may pause (24 h)
IDEMPOTENCY_SECONDS = env.float("IDEMPOTENCY_SECONDS", default=24 * 3600)  # that a request may be sent again
UPLOAD_EXPIRY_SECONDS = env.float("UPLOAD_EXPIRY_SECONDS", default=24 * 3600)
TRASH_RETENTION_SECONDS = env.float("TRASH_RETENTION_SECONDS", default=30 * 24 * 3600)  # then it is purged
VERSION_RETENTION_SECONDS = env.float(  # from when a version was replaced
    "VERSION_RETENTION_SECONDS", default=30 * 24 * 3600
)
VERSIONS_KEPT = env.count("VERSIONS_KEPT", default=50)  # of a file, the current one included
RETENTION_INTERVAL_SECONDS = 600  # what is kept for weeks may go minutes late
RECLAIM_INTERVAL_SECONDS = env.interval("RECLAIM_INTERVAL_SECONDS", default=60)
CENSUS_INTERVAL_SECONDS = 60  # a sample a minute for charts; counting 100,000 chunks takes a second of that
NEARFULL_SHARE = env.float("NEARFULL_SHARE", default=0.15)  # of a node's capacity: below, it is told
SCRUB_PERIOD_SECONDS = env.float("SCRUB_PERIOD_SECONDS", default=14 * 24 * 3600)  # every copy re-read within
SCRUB_BYTES_PER_SECOND = env.int("SCRUB_BYTES_PER_SECOND", default=20_000_000)  # a node; spares readers
RECONCILE_INTERVAL_SECONDS = env.float("RECONCILE_INTERVAL_SECONDS", default=24 * 3600)  # it costs seeks
ORPHAN_GRACE_SECONDS = env.float("ORPHAN_GRACE_SECONDS", default=24 * 3600)  # no record waits a minute
QUARANTINE_SECONDS = env.float("QUARANTINE_SECONDS", default=14 * 24 * 3600)  # a person looks at bad files
HASH_BYTES_PER_SECOND = env.int(  # a core of a small machine hashes ten times as fast; 0 is never
    "HASH_BYTES_PER_SECOND", default=50_000_000
)
MAX_TRANSFERS = env.count("MAX_TRANSFERS", default=16)  # at once in one gateway process; memory follows
UNREAD_SECONDS = env.interval("UNREAD_SECONDS", default=600)  # who takes nothing for so long is left
SMALL_TRANSFERS = max(MAX_TRANSFERS // 2, 1)  # besides those, of bodies that are over in a moment

CELERY_BEAT_SCHEDULE = {
    task: {
        "task": task,
        "schedule": seconds,
        "options": {"expires": max(seconds, 30)},  # longer than all that may be before it in the queue
    }
    for task, seconds in {
        "nodes.tasks.replicate": SWEEP_INTERVAL_SECONDS,
        "nodes.tasks.trim_copies": SWEEP_INTERVAL_SECONDS,
        "nodes.tasks.rebalance_copies": REBALANCE_INTERVAL_SECONDS,
        "nodes.tasks.reclaim_chunks": RECLAIM_INTERVAL_SECONDS,
        "nodes.tasks.hash_contents": RECLAIM_INTERVAL_SECONDS,
        "nodes.tasks.scrub_copies": SWEEP_INTERVAL_SECONDS,
        "nodes.tasks.reconcile_listings": RECLAIM_INTERVAL_SECONDS,
        "nodes.tasks.take_census": CENSUS_INTERVAL_SECONDS,
        "accounts.tasks.forget_sessions": SESSION_INTERVAL_SECONDS,
        "accounts.tasks.forget_answers": RETENTION_INTERVAL_SECONDS,
        "files.tasks.sweep_purged": SWEEP_INTERVAL_SECONDS,
        "files.tasks.end_expired_uploads": RECLAIM_INTERVAL_SECONDS,
        "files.tasks.draw_thumbnails": SWEEP_INTERVAL_SECONDS,
        "files.tasks.end_retention": RETENTION_INTERVAL_SECONDS,
        "files.tasks.recount_usage": RETENTION_INTERVAL_SECONDS,
    }.items()
}

# --- Pages and API ----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = [("en", "English")]  # it stands in the code; the others have a catalogue: docs/translations.md
LANGUAGES += [
    (path.parts[-3].replace("_", "-").lower(), path.parts[-3])
    for path in sorted(BASE_DIR.glob("locale/*/LC_MESSAGES/django.mo"))
]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "var/static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.InMemoryStorage"
    },  # nothing uses it: bytes live in nodes
    "staticfiles": {"BACKEND": "dfsweb.static_files.StaticFiles"},
}
KNOX_TOKEN_MODEL = "accounts.Token"
MIGRATION_MODULES = {"knox": None}  # its own table is not used, and could not be emptied with the others
REST_KNOX = {
    "TOKEN_PREFIX": "dfs_",
    "AUTH_HEADER_PREFIX": "Token",
    "TOKEN_TTL": timedelta(days=365),
    "AUTO_REFRESH": False,
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.ScopedAccess"],
    "DEFAULT_RENDERER_CLASSES": ["files.json_replies.QuickJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "files.json_replies.QuickNegotiation",
    "DEFAULT_PARSER_CLASSES": ["dfsweb.json_bodies.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "dfsweb.paging.PlacePagination",
    "DEFAULT_METADATA_CLASS": "dfsweb.options.PlainMetadata",
    "DEFAULT_SCHEMA_CLASS": "dfsweb.openapi.addresses.AddressSchema",
    "EXCEPTION_HANDLER": "dfsweb.api_errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "dfsweb",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "files.content_schema.describe_content",
        "files.link_schema.describe_links",
        "dfsweb.openapi.watching.describe_watching",
        "dfsweb.openapi.completing.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "EntryRole": "files.serializers.ENTRY_ROLES",
        "ShareRole": "files.share_serializers.ROLES",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Logs: one line an event, each with its request id ------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "dfsweb.request_ids.RequestIdFilter"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
    },
    "root": {"handlers": ["stderr"], "level": env.level("LOG_LEVEL", default="INFO")},
    "loggers": {  # each task's coming and going says nothing that its own lines do not
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.request": {"level": "WARNING"},  # nor that one was let go, for others follow
        "celery.beat": {"level": "WARNING"},
        "django.request": {"level": "CRITICAL"},  # `dfsweb.api_errors` logs what an operator should know
    },
}

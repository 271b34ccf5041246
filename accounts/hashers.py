"""How passwords are hashed: Argon2id with the memory that OWASP's cheat sheet asks for at least.

Django's default takes 100 MiB for each check; a few people who sign in at once would outweigh all servers.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class SmallArgon2PasswordHasher(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

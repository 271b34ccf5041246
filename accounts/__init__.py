"""Users, registration, sign-in, API tokens and quota figures."""

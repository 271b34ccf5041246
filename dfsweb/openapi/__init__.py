"""The API's description (OpenAPI 3.1), made from the code; `make openapi` writes it to docs/openapi.yaml."""

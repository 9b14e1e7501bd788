"""A Django site that redirects to https, behind a proxy on this machine. Argument: the port."""

import sys
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["shop.test"],
    APPEND_SLASH=True,
    DEBUG=False,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the test",
    SECURE_HSTS_SECONDS=3600,
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    SECURE_REDIRECT_EXEMPT=[r"^health$"],
    SECURE_SSL_REDIRECT=True,
)
urlpatterns = [
    path("", lambda request: HttpResponse("home")),
    path("health", lambda request: HttpResponse("well")),
    path("orders/", lambda request: HttpResponse("orders")),
]
django.setup()
make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application()).serve_forever()

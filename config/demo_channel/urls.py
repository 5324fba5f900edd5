"""Addresses of the demonstration's channel."""

from django.urls import path

from config.demo_channel import mail, views

handler400 = handler403 = handler404 = handler500 = "config.demo_channel.views.refused"

urlpatterns = [
    path("", views.page, name="customers"),
    path("mail/", mail.page, name="mail"),
    path("oauth2/token", views.token),
    path("v1/projects/<str:project>/messages:send", views.send),
    path("v1/projects/<str:project>/apps/<str:app>", views.app),
    path("v1/projects/<str:project>/apps/<str:app>/webhooks", views.webhooks),
    path("files/<str:key>/<str:name>", views.file),
    path("<str:app>/<str:wire>/<str:identity>/", views.page, name="talk"),
    path("<str:app>/<str:wire>/<str:identity>/act/", views.act, name="act"),
]

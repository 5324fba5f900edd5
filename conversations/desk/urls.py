"""Addresses of the desk."""

from django.urls import path

from conversations.desk import views

app_name = "desk"

urlpatterns = [
    path("", views.desk, name="index"),
    path("news/", views.news, name="news"),
    path("<conversation:pk>/", views.desk, name="conversation"),
    path("<conversation:pk>/transfer/", views.transfer, name="transfer"),
    path("<conversation:pk>/<str:action>/", views.do, name="do"),
]

"""Addresses of the history pages."""

from django.urls import path

from conversations.history import views

app_name = "history"

urlpatterns = [
    path("", views.conversation_list, name="index"),
    path("<conversation:pk>/", views.conversation_detail, name="detail"),
]

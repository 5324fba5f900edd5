"""Addresses of the history pages."""

from django.urls import path

from conversations.history import views
from conversations.history.after_the_end import after_the_end

app_name = "history"

urlpatterns = [
    path("", views.conversation_list, name="index"),
    path("<conversation:pk>/", views.conversation_detail, name="detail"),
    path("<conversation:pk>/after-the-end/", after_the_end, name="after_the_end"),
]

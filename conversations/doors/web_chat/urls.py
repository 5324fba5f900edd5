"""Addresses of web chat."""

from django.urls import path

from conversations.doors.web_chat.api import views

CHAT = "chats/<conversation:conversation_id>"

urlpatterns = [
    path("entry", views.EntryView.as_view(), name="visitor_entry"),
    path("chats", views.ChatListView.as_view(), name="visitor_chats"),
    path(CHAT, views.ChatView.as_view(), name="visitor_chat"),
    path(f"{CHAT}/news", views.NewsView.as_view(), name="visitor_news"),
    path(f"{CHAT}/messages", views.MessagesView.as_view(), name="visitor_messages"),
    path(f"{CHAT}/typing", views.TypingView.as_view(), name="visitor_typing"),
    path(f"{CHAT}/read", views.ReadView.as_view(), name="visitor_read"),
    path(f"{CHAT}/leave", views.LeaveView.as_view(), name="visitor_leave"),
]

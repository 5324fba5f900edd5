"""Addresses of the desk."""

from django.urls import path

from conversations.desk import contact_views, reply_views, views

app_name = "desk"

urlpatterns = [
    path("", views.desk, name="index"),
    path("news/", views.news, name="news"),
    path("presence/", views.presence, name="presence"),
    path("<conversation:pk>/", views.desk, name="conversation"),
    path("<conversation:pk>/transfer/", views.to_another, {"action": "transfer"}, name="transfer"),
    path("<conversation:pk>/consult/", views.to_another, {"action": "consult"}, name="consult"),
    path("<conversation:pk>/wrap-up/", views.note_wrap_up, name="wrap_up"),
    path("<conversation:pk>/attach/", views.attach, name="attach"),
    path("<conversation:pk>/fetch-again/", views.fetch_again, name="fetch_again"),
    path("<conversation:pk>/reply/", reply_views.reply, name="reply"),
    path("<conversation:pk>/draft/", reply_views.save_draft, name="draft"),
    path("<conversation:pk>/typing/", reply_views.note_typing, name="typing"),
    path("<conversation:pk>/take-back/<int:message>/", reply_views.take_back, name="take_back"),
    path("<conversation:pk>/contact/", contact_views.find, name="find_contact"),
    path("<conversation:pk>/contact/confirm/", contact_views.confirm, name="confirm_contact"),
    path("<conversation:pk>/contact/create/", contact_views.create, name="create_contact"),
    path("<conversation:pk>/contact/take-off/", contact_views.take_off, name="take_off_contact"),
    path("<conversation:pk>/<str:action>/", views.do, name="do"),
]

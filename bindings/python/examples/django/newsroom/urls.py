"""Articles, a feed, the admin and a login."""

from __future__ import annotations

from articles import feeds, views
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import path

urlpatterns = [
    path("", views.index, name="index"),
    path("articles/<slug:slug>/", views.article, name="article"),
    path("about/", views.about, name="about"),
    path("feed/", feeds.Latest(), name="feed"),
    path("login/", auth.LoginView.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]

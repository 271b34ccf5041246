"""The addresses of the pages."""

from django.urls import path

from files import list_pages, pages, search_pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("files/<uuid:folder_id>", pages.folder, name="folder"),
    path("files/<uuid:folder_id>/place", pages.place, name="place"),
    path("files/<uuid:folder_id>/news", pages.folder_news, name="folder_news"),
    path("files/<uuid:folder_id>/taken", pages.taken, name="taken"),
    path("files/<uuid:folder_id>/upload", pages.upload_form, name="upload_form"),
    path("files/rows", pages.rows, name="rows"),
    path("files/<uuid:entry_id>/thumbnail", pages.thumbnail, name="thumbnail"),
    path("files/<uuid:entry_id>/details", pages.details, name="details"),
    path("files/<uuid:entry_id>/activity", pages.activity, name="activity"),
    path("shared", list_pages.shared, name="shared"),
    path("recent", list_pages.recent, name="recent"),
    path("starred", list_pages.starred, name="starred"),
    path("search", search_pages.search, name="search"),
    path("now", pages.now, name="now"),
    path("files/<uuid:entry_id>/versions", pages.file_versions, name="file_versions"),
    path("trash", list_pages.trash, name="trash"),
    path("archive", pages.archive, name="archive"),
    path("room", pages.room, name="room"),
]

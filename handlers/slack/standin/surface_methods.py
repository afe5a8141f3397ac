"""The `views.*` and `files.*` methods."""

import mimetypes
import uuid
from typing import Any

from handlers.slack.standin.args import Args
from handlers.slack.standin.backend import Backend, Upload
from handlers.slack.standin.chat_methods import posting_channel
from handlers.slack.standin.shapes import Json, Refusal


def _view(args: Args) -> Any:
    return args.json("view", "invalid_arguments")


def views_open(backend: Backend, args: Args) -> Json:
    """views.open: the modal is before the user whose trigger it was."""
    return {"view": backend.views.open(args.needed("trigger_id", "view")[0], _view(args))}


def views_push(backend: Backend, args: Args) -> Json:
    """views.push: the modal lies on the one that the trigger came from."""
    return {"view": backend.views.push(args.needed("trigger_id", "view")[0], _view(args))}


def views_update(backend: Backend, args: Args) -> Json:
    """views.update: the open view shows this, if its `hash` is still the same."""
    view = backend.views.update(
        args.text("view_id"), _view(args), external_id=args.text("external_id"), expected=args.text("hash")
    )
    return {"view": view}


def views_publish(backend: Backend, args: Args) -> Json:
    """views.publish: the user's Home tab shows this."""
    user = args.needed("user_id", "view")[0]
    if user not in backend.workspace.users:
        raise Refusal("invalid_arguments", response_metadata={"messages": ["[ERROR] invalid user_id"]})
    view = backend.views.publish(user, _view(args), args.text("hash"))
    backend.record.homes[user] = view
    return {"view": view}


def get_upload_url(backend: Backend, args: Args) -> Json:
    """files.getUploadURLExternal: an address to send the bytes to, and the id the file will have."""
    name, length = args.needed("filename", "length")
    if not length.isdigit() or int(length) == 0:
        raise Refusal("missing_argument")
    file_id = "F" + uuid.uuid4().hex[:10].upper()
    backend.uploads[file_id] = Upload(name, int(length))
    return {"upload_url": f"{backend.origin}/upload/{file_id}", "file_id": file_id}


def file_json(backend: Backend, file_id: str) -> Json:
    """The file object of the Web API."""
    upload = backend.uploads[file_id]
    home = f"https://{backend.app.team_domain}.slack.com/files/{backend.app.bot_user_id}/{file_id}"
    return {
        "id": file_id,
        "name": upload.name,
        "title": upload.title or upload.name,
        "mimetype": mimetypes.guess_type(upload.name)[0] or "application/octet-stream",
        "size": len(upload.content),
        "user": backend.app.bot_user_id,
        "mode": "hosted",
        "permalink": f"{home}/{upload.name}",
        "url_private": f"https://files.slack.com/files-pri/{backend.app.team_id}-{file_id}/{upload.name}",
    }


def complete_upload(backend: Backend, args: Args) -> Json:
    """files.completeUploadExternal: the sent files exist, and are a message when a channel was named."""
    files = args.json("files", "invalid_arguments")
    if not isinstance(files, list) or not files:
        raise Refusal("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: files"]})
    for one in files:
        upload = backend.uploads.get(one.get("id", ""))
        if upload is None or not upload.sent or upload.shared:
            raise Refusal("file_not_found")
    channel = posting_channel(backend, args.text("channel_id")) if args.text("channel_id") else None
    for one in files:
        backend.uploads[one["id"]].shared = True
        backend.uploads[one["id"]].title = one.get("title") or ""
    rows = [file_json(backend, one["id"]) for one in files]
    if channel is not None:
        message = backend.workspace.bot_message(args.text("initial_comment"), [])
        message |= {"subtype": "file_share", "files": rows, "upload": True}
        backend.post(channel, message, args.text("thread_ts"))
    return {"files": rows}

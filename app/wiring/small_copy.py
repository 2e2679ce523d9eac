"""One action makes and removes the small copy of a clip; the status bar tells how far it is."""

from app.desk import Desk
from app.main_window import MainWindow
from widgets.progress_line import ProgressLine


def connect_small_copy(window: MainWindow, desk: Desk) -> None:
    copies, player, session = desk.copies, desk.player, desk.session
    line = ProgressLine("copying")
    window.statusBar().addWidget(line)
    action = desk.board.action("media.small_copy")

    def toggle() -> None:
        if copies.making:
            copies.stop()
        elif copies.there:
            remove()
        else:
            copies.make()
        show()

    def remove() -> None:
        """The player has it open: let go of it, and go back to where it was."""
        item, path, at = session.item, session.path, player.position
        player.close()
        copies.remove()
        player.open(item, path)
        player.seek(at)

    def show() -> None:
        action.setChecked(copies.there or copies.making)

    copies.progressed.connect(line.show_progress)
    copies.finished.connect(line.finish)
    copies.changed.connect(show)
    copies.told.connect(session.told)
    line.stopped.connect(copies.stop)
    session.item_changed.connect(copies.leave)
    player.opened.connect(lambda item: copies.show(item, session.path))
    desk.board.bind({"media.small_copy": toggle})

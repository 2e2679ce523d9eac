"""A form built from a table of rows: each row names a value, says what it is, and gets the control that fits it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from widgets.field import Field


class Form(QWidget):
    """Shows a table of fields; `changed(key, value)` tells each change as the user makes it."""

    changed = Signal(str, object)

    def __init__(self, fields: Iterable[Field], values: Mapping[str, Any], *, name: str = "form") -> None:
        super().__init__()
        self.setObjectName(name)
        self._rows: dict[str, tuple[QWidget, Field]] = {}
        layout = QFormLayout(self)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        layout.setVerticalSpacing(10)
        for field in fields:
            control = _CONTROLS[field.kind](field, values[field.key], self._tell)
            control.setObjectName(f"{name}.{field.key}")
            control.setAccessibleName(field.title)
            control.setAccessibleDescription(field.note)
            self._rows[field.key] = (control, field)
            layout.addRow("" if field.kind == "flag" else field.title, _noted(control, field.note))

    def values(self) -> dict[str, Any]:
        return {key: _READERS[field.kind](control) for key, (control, field) in self._rows.items()}

    def _tell(self, key: str, value: Any) -> None:
        self.changed.emit(key, value)


Tell = Callable[[str, Any], None]


def _text(field: Field, value: Any, tell: Tell) -> QWidget:
    control = QLineEdit(str(value))
    control.editingFinished.connect(lambda: tell(field.key, control.text()))
    return control


def _whole(field: Field, value: Any, tell: Tell) -> QWidget:
    control = QSpinBox()
    control.setRange(int(field.low), int(min(field.high, 2**31 - 1)))
    control.setSuffix(field.suffix)
    control.setValue(int(value))
    control.valueChanged.connect(lambda number: tell(field.key, number))
    return control


def _real(field: Field, value: Any, tell: Tell) -> QWidget:
    control = QDoubleSpinBox()
    control.setDecimals(2)
    control.setSingleStep(0.05)
    control.setRange(field.low, field.high)
    control.setSuffix(field.suffix)
    control.setValue(float(value))
    control.valueChanged.connect(lambda number: tell(field.key, number))
    return control


def _flag(field: Field, value: Any, tell: Tell) -> QWidget:
    control = QCheckBox(field.title)
    control.setChecked(bool(value))
    control.toggled.connect(lambda on: tell(field.key, on))
    return control


def _choice(field: Field, value: Any, tell: Tell) -> QWidget:
    control = QComboBox()
    # In one go: each addItem measures the whole box anew.
    control.addItems([words for _, words in field.choices])
    for at, (choice, _) in enumerate(field.choices):
        control.setItemData(at, choice)
    control.setCurrentIndex(max(control.findData(value), 0))
    control.currentIndexChanged.connect(lambda _: tell(field.key, control.currentData()))
    return control


def _folder(field: Field, value: Any, tell: Tell) -> QWidget:
    """A path that is typed, or chosen by the button inside the field."""
    control = QLineEdit(str(value))
    control.setPlaceholderText("none")
    control.setClearButtonEnabled(True)
    control.editingFinished.connect(lambda: tell(field.key, control.text()))

    def choose() -> None:
        if name := QFileDialog.getExistingDirectory(control, field.title, control.text()):
            control.setText(name)
            tell(field.key, name)

    browse = control.addAction(control.style().standardIcon(QStyle.StandardPixmap.SP_DirOpenIcon), _TRAILING)
    browse.setToolTip("Choose a folder")
    browse.triggered.connect(choose)
    return control


_TRAILING = QLineEdit.ActionPosition.TrailingPosition
_CONTROLS: dict[str, Callable[[Field, Any, Tell], QWidget]] = {
    "text": _text,
    "whole": _whole,
    "real": _real,
    "flag": _flag,
    "choice": _choice,
    "folder": _folder,
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "text": QLineEdit.text,
    "whole": QSpinBox.value,
    "real": QDoubleSpinBox.value,
    "flag": QCheckBox.isChecked,
    "choice": QComboBox.currentData,
    "folder": QLineEdit.text,
}


def _noted(control: QWidget, note: str) -> QWidget:
    """The control with its explanation in small letters below."""
    if not note:
        return control
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    caption = QLabel(note)
    caption.setProperty("role", "caption")
    caption.setWordWrap(True)
    layout.addWidget(control)
    layout.addWidget(caption)
    return holder

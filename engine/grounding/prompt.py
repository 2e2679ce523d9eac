"""The text around a conversation: how a model of the Vicuna v0 family is spoken to.

Asking and training spell it differently, as in the published code; both forms are here, so that they cannot drift.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from engine.domain.media import MediaKind
from engine.grounding.architecture import MEDIA_TOKENS
from engine.grounding.tokens import literal

VICUNA_V0 = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)


class PromptStyle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words around a conversation. `order` is that of several media at the head of the first message.

    With a `second_separator` the assistant's messages end by it, the human's and the system's by `separator`.
    """

    system: str = VICUNA_V0
    human: str = "Human"
    assistant: str = "Assistant"
    separator: str = "###"
    second_separator: str = ""
    stop: str = "###"
    order: tuple[MediaKind, ...] = (MediaKind.AUDIO, MediaKind.VIDEO, MediaKind.IMAGE)


Turns = Sequence[tuple[str, str | None]]


def prompt(style: PromptStyle, turns: Turns) -> str:
    """What is given to the model: pairs of message and answer, the last answer None."""
    text = [style.system, style.separator]
    after = style.second_separator or style.separator
    for message, answer in turns:
        text += [style.human, ": ", message, style.separator, style.assistant, ":"]
        text += [" ", answer, after] if answer is not None else []
    return "".join(text)


def training_text(style: PromptStyle, messages: Iterable[tuple[str, str]]) -> list[str]:
    """The parts of a published training text: the head, one part per (speaker, message), the open end.

    Their concatenation is what is encoded; the speaker is one of the style's names.
    """
    signal = f"{style.separator} "
    parts = [f"{signal}{speaker}: {message}\n" for speaker, message in messages]
    return [f"{style.system}\n\n", *parts, signal]


def media_block(style: PromptStyle, tokens: Mapping[MediaKind, int]) -> str:
    """The head of a first message: for each medium start, its patches, end and a line break."""
    blocks = []
    for kind in style.order:
        if kind in tokens:
            patch, start, end = MEDIA_TOKENS[kind]
            blocks.append(f"{start}{patch * tokens[kind]}{end}\n")
    return "".join(blocks)


def ask_text(
    style: PromptStyle,
    tokens: Mapping[MediaKind, int],
    question: str,
    earlier: Iterable[tuple[str, str]] = (),
) -> str:
    """The prompt for a question about media, after `earlier` questions and answers about the same media."""
    turns: list[tuple[str, str | None]] = [(literal(asked), literal(answer)) for asked, answer in earlier]
    turns.append((literal(question), None))
    first, answer = turns[0]
    return prompt(style, [(media_block(style, tokens) + first, answer), *turns[1:]])

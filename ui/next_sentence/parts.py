"""What the questions share: numbers with their sign."""


def signed(number: float, places: int = 2) -> str:
    """A number with its sign."""
    return f"{number:+.{places}f}".replace("-", "\N{MINUS SIGN}")

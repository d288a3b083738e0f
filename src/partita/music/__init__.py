"""The bundled recordings; ATTRIBUTION.md has their sources and licences."""

CREDITS = {
    "brahms-hungarian-dance-5.ogg": "Brahms, Hungarian Dance No. 5, US Army Strings (public domain)",
    "karissa-hobbs-lets-go-fishin.ogg": "Karissa Hobbs, Let's Go Fishin' (CC BY 3.0)",
    "kevin-macleod-sugar-plum-fairy.ogg": "Tchaikovsky, Dance of the Sugar Plum Fairy, Kevin MacLeod (CC BY 3.0)",
    "kevin-macleod-vibe-ace.ogg": "Kevin MacLeod, Vibe Ace (CC BY 3.0)",
    "sorohanro-solo-trumpet.ogg": "Mihai Sorohan, solo trumpet in F, 90 bpm (CC BY 3.0)",
}
"""Title, performers and licence of each file."""

STYLES = {
    "classical": ("brahms-hungarian-dance-5.ogg", "kevin-macleod-sugar-plum-fairy.ogg"),
    "jazz": ("kevin-macleod-vibe-ace.ogg",),
}
"""Recordings that are exemplars of a style, beside those of partita.transfers."""

"""Where instances run: one interface (`base`), its implementations, and what each can hold back."""

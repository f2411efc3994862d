"""The pages that a person sees, as HTML. They show what the law decided, work without a script, and load one style."""

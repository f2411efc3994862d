"""Those who type and click: their terminal, their browser, the flows that they go through."""

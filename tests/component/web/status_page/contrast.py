"""Contrast as WCAG counts it, of what a browser really painted: scripts that answer what is too faint.

https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. Colours go through a canvas, which knows every way to write one.
"""

_RATIO = """
    const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        paint.clearRect(0, 0, 1, 1);
        paint.fillStyle = colour;
        paint.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], under) => [r, g, b].map((part, i) => part * a + under[i] * (1 - a));
    const behind = (element) => {
        if (element === null) return rgba(getComputedStyle(document.documentElement).backgroundColor).slice(0, 3);
        const own = rgba(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, behind(element.parentElement));
    };
    const luminance = (colour) => {
        const [r, g, b] = colour.map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (one, other) => {
        const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    };
"""

FAINT_TEXTS = f"""() => {{
    {_RATIO}
    const faint = [];
    let seen = 0;
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {{
        const text = texts.currentNode, element = text.parentElement;
        if (!text.data.trim() || !element.checkVisibility()) continue;
        seen += 1;
        const under = behind(element);
        const found = ratio(over(rgba(getComputedStyle(element).color), under), under);
        if (found < 4.5) faint.push(`${{text.data}}: ${{found.toFixed(2)}}`);
    }}
    return seen > 10 ? faint : [`only ${{seen}} texts were seen`];
}}"""

FAINT_MARKS = f"""() => {{
    {_RATIO}
    const faint = [];
    for (const bar of document.querySelectorAll("svg.bar")) {{
        const colour = (part) => over(rgba(getComputedStyle(bar.querySelector(part)).fill), behind(bar));
        const life = ratio(colour(".life"), colour(".track"));
        if (life < 3) faint.push(`${{bar.classList}}: ${{life.toFixed(2)}}`);
    }}
    for (const field of document.querySelectorAll("input:not([type=hidden])")) {{
        const edge = ratio(rgba(getComputedStyle(field).borderColor).slice(0, 3), behind(field.parentElement));
        if (edge < 3) faint.push(`the edge of ${{field.id}}: ${{edge.toFixed(2)}}`);
    }}
    return faint;
}}"""

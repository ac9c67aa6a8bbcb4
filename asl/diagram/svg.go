package diagram

import (
	"fmt"
	"html"
	"io"
	"strings"

	"riposte.dev/asl"
)

const margin = 20

var fills = map[asl.Type]string{
	asl.Task: "#dbeafe", asl.Choice: "#fef3c7", asl.Wait: "#ede9fe", asl.Pass: "#f1f5f9", asl.Succeed: "#dcfce7", asl.Fail: "#fee2e2",
	asl.Parallel: "#ffffff", asl.Map: "#ffffff",
}

// SVG writes the machine as a drawing that needs nothing beside it.
func SVG(w io.Writer, m *asl.Machine) error {
	root := layoutFlow(&m.Flow)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" font-family="sans-serif" font-size="12" role="img">`+"\n",
		root.w+2*margin+gapX, root.h+2*margin)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(m.Comment))
	b.WriteString(`<defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#475569"/></marker></defs>` + "\n")
	drawFlow(&b, root, margin, margin)
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func drawFlow(b *strings.Builder, f *box, x, y float64) {
	places := map[string]*box{}
	for _, s := range f.inner {
		places[s.state.Name] = s
	}
	for _, s := range f.inner {
		drawState(b, s, x+s.x, y+s.y)
	}
	for _, s := range f.inner {
		for i, t := range s.state.Transitions() {
			if to := places[t.To]; to != nil {
				drawWay(b, s, to, t, i, x, y)
			}
		}
	}
}

func drawState(b *strings.Builder, s *box, x, y float64) {
	border := "#94a3b8"
	for _, t := range s.state.Transitions() {
		if t.To == "" {
			border = "#334155" // an end
		}
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6" fill="%s" stroke="%s"/>`,
		html.EscapeString(s.state.Name+": "+detail(s.state)), x, y, s.w, s.h, fills[s.state.Type], border)
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" font-weight="bold">%s</text>`, x+s.w/2, y+19, html.EscapeString(brief(s.state.Name)))
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#475569" font-size="10">%s</text></g>`+"\n", x+s.w/2, y+34, html.EscapeString(brief(detail(s.state))))
	for _, branch := range s.inner {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="4" fill="none" stroke="#cbd5e1" stroke-dasharray="3"/>`+"\n",
			x+branch.x-inset/2, y+branch.y-inset/2, branch.w+inset, branch.h+inset)
		drawFlow(b, branch, x+branch.x, y+branch.y)
	}
}

// drawWay draws the way from one state to another: down, or round the side where it leads back.
func drawWay(b *strings.Builder, from, to *box, t asl.Transition, nth int, x, y float64) {
	dash := ""
	if t.Error {
		dash = ` stroke-dasharray="4"`
	}
	x1, y1 := x+from.x+from.w/2, y+from.y+from.h
	x2, y2 := x+to.x+to.w/2, y+to.y
	path := fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", x1, y1, x1, y1+gapY/2, x2, y2-gapY/2, x2, y2)
	labelX, labelY := (x1+x2)/2, (y1+y2)/2+float64(nth%2)*11
	if to.y <= from.y {
		side := max(x+from.x+from.w, x+to.x+to.w) + gapX/2
		x1, y1, x2, y2 = x+from.x+from.w, y+from.y+from.h/2, x+to.x+to.w, y+to.y+to.h/2
		path = fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", x1, y1, side, y1, side, y2, x2, y2)
		labelX, labelY = side, (y1+y2)/2
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="#475569"%s marker-end="url(#to)"/>`+"\n", path, dash)
	if t.Label != "" {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#475569" font-size="9">%s</text>`+"\n", labelX, labelY, html.EscapeString(brief(t.Label)))
	}
}

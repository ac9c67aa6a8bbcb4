package diagram

import (
	"riposte.dev/asl"
)

// The sizes of a drawing, in pixels.
const (
	charWidth  = 7
	nodeHeight = 46
	minWidth   = 120
	maxChars   = 44
	gapX       = 36
	gapY       = 46
	inset      = 16
	header     = 26
)

// box is a state, or a whole flow, at its place within what contains it.
type box struct {
	x, y, w, h float64
	state      *asl.State // nil for a flow
	inner      []*box     // of a flow its states; of a state the flows of its branches
	flow       *asl.Flow
}

// layoutFlow puts the states of a flow into layers: each below the latest of those that lead to it, but for ways back.
func layoutFlow(f *asl.Flow) *box {
	layers := layersOf(f)
	rows := [][]*box{}
	out := &box{flow: f}
	for _, name := range f.Order {
		b := layoutState(f.States[name])
		at := layers[name]
		for len(rows) <= at {
			rows = append(rows, nil)
		}
		rows[at] = append(rows[at], b)
		out.inner = append(out.inner, b)
	}
	for _, row := range rows {
		out.w = max(out.w, rowWidth(row))
	}
	y := 0.0
	for _, row := range rows {
		x, height := (out.w-rowWidth(row))/2, 0.0
		for _, b := range row {
			b.x, b.y = x, y
			x += b.w + gapX
			height = max(height, b.h)
		}
		y += height + gapY
	}
	out.h = max(0, y-gapY)
	return out
}

func rowWidth(row []*box) float64 {
	w := -float64(gapX)
	for _, b := range row {
		w += b.w + gapX
	}
	return max(0, w)
}

// layoutState gives a state its size: that of its words, or of its branches beside one another.
func layoutState(s *asl.State) *box {
	b := &box{state: s, h: nodeHeight, w: max(minWidth, float64(charWidth*(2+max(length(s.Name), length(detail(s))))))}
	x := float64(inset)
	for _, branch := range s.Branches {
		in := layoutFlow(branch)
		in.x, in.y = x, header+inset
		x += in.w + inset
		b.inner = append(b.inner, in)
		b.h = max(b.h, in.h+header+2*inset)
	}
	if len(b.inner) > 0 {
		b.w = max(b.w, x)
	}
	return b
}

func length(text string) int { return len([]rune(brief(text))) }

// brief shortens what is too long for a box.
func brief(text string) string {
	if r := []rune(text); len(r) > maxChars {
		return string(r[:maxChars-1]) + "…"
	}
	return text
}

// detail is the second line of a state.
func detail(s *asl.State) string {
	if s.Type == asl.Task {
		return s.Resource
	}
	return string(s.Type)
}

// layersOf returns the layer of each state: the length of the longest way to it without a circle.
func layersOf(f *asl.Flow) map[string]int {
	back := backEdges(f)
	into := map[string]int{}
	for _, name := range f.Order {
		for _, next := range f.States[name].Successors() {
			if !back[[2]string{name, next}] {
				into[next]++
			}
		}
	}
	layers := map[string]int{}
	ready := []string{}
	for _, name := range f.Order {
		if into[name] == 0 {
			ready = append(ready, name)
		}
	}
	for len(ready) > 0 {
		name := ready[0]
		ready = ready[1:]
		for _, next := range f.States[name].Successors() {
			if back[[2]string{name, next}] {
				continue
			}
			layers[next] = max(layers[next], layers[name]+1)
			if into[next]--; into[next] == 0 {
				ready = append(ready, next)
			}
		}
	}
	return layers
}

// backEdges finds the ways that lead back to a state that is on the way to them. It goes deep without recursion: a definition may
// have ten thousand states in a row.
func backEdges(f *asl.Flow) map[[2]string]bool {
	type visit struct {
		name string
		next []string
	}
	back, open, done := map[[2]string]bool{}, map[string]bool{}, map[string]bool{}
	stack := []visit{{f.StartAt, f.States[f.StartAt].Successors()}}
	open[f.StartAt] = true
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if len(top.next) == 0 {
			open[top.name], done[top.name] = false, true
			stack = stack[:len(stack)-1]
			continue
		}
		next := top.next[0]
		top.next = top.next[1:]
		switch {
		case open[next]:
			back[[2]string{top.name, next}] = true
		case !done[next]:
			open[next] = true
			stack = append(stack, visit{next, f.States[next].Successors()})
		}
	}
	return back
}

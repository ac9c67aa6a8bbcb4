package pattern

// run is several stretches with the values between them, which are not asked for and have been the same for a while. One
// comparison takes it as a whole.
type run struct {
	text   []byte
	last   *stretch // the one that it ends with, behind which comes a string
	credit int      // grows with each event that has it; without credit it is forgotten
}

// habit is what is known of the string behind a stretch from the events that were looked at closely.
type habit struct {
	hash uint64 // of the string
	same int    // how often it was the same again
}

// Bounds on runs, and how they come and go.
const (
	maxRuns       = 128
	maxRunBytes   = 512
	closeLook     = 128 // every so many events one is looked at closely, in the beginning more
	manyCloseLook = 32
	constant      = 3 // so often a string has to be the same
	firstCredit   = 4
	mostCredit    = 32
	creditPerMiss = 3
)

// runs finds out what comes again and again.
type runs struct {
	made   int
	events int
	looks  int
	trace  []traced // of the event that is looked at closely
}

// traced is a stretch in an event with the string behind it.
type traced struct {
	stretch         *stretch
	begin, end, out int // of the stretch, and behind the string
}

func (x *runs) forget() { x.made, x.looks, x.trace = 0, 0, x.trace[:0] }

// begin reports whether the event that begins is to be looked at closely.
func (x *runs) begin() bool {
	x.events++
	x.trace = x.trace[:0]
	if x.looks < manyCloseLook {
		return x.events%8 == 0
	}
	return x.events%closeLook == 0
}

// isIn reports whether text begins with the run, and remembers how often it does.
func (x *run) isIn(text []byte) bool {
	if len(text) >= len(x.text) && string(text[:len(x.text)]) == string(x.text) {
		if x.credit < mostCredit {
			x.credit++
		}
		return true
	}
	x.credit -= creditPerMiss
	return false
}

// learn makes runs of what was traced.
func (x *runs) learn(src []byte) {
	x.looks++
	for i := range x.trace {
		t := &x.trace[i]
		h := &t.stretch.habit
		if hash := hashOf(src[t.end : t.out-1]); h.hash == hash {
			h.same++
		} else {
			h.hash, h.same = hash, 0
		}
	}
	for i := 0; i < len(x.trace); {
		last := i
		for last+1 < len(x.trace) && x.trace[last].constant() && x.trace[last].out == x.trace[last+1].begin &&
			x.trace[last+1].end-x.trace[i].begin <= maxRunBytes {
			last++
		}
		if last > i {
			x.make(src, x.trace[i:last+1])
			i = last
		} else {
			i++
		}
	}
}

// constant reports whether the string is not asked for and has been the same for a while.
func (t *traced) constant() bool { return t.stretch.field < 0 && t.stretch.habit.same >= constant }

// make has a run of what was traced, unless there is one that serves.
func (x *runs) make(src []byte, trace []traced) {
	first, last := &trace[0], &trace[len(trace)-1]
	r := first.stretch.run
	if r == nil {
		if x.made == maxRuns {
			return
		}
		x.made++
		r = &run{}
		first.stretch.run = r
	} else if r.credit > 0 {
		return
	}
	r.text, r.last, r.credit = append(r.text[:0], src[first.begin:last.end]...), last.stretch, firstCredit
}

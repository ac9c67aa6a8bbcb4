package asl

// branches moves a Parallel or Map state: begins the next branch, or ends with what they gave.
func (a *advance) branches(f *Frame, s *State) {
	k := f.fork
	switch {
	case k.broken():
		name, cause := k.reason()
		a.emit(Record{Kind: Outcome, Path: f.Path, Error: name, Cause: cause})
	case f.reads():
	case !k.ready:
		if err := a.evaluateItems(f, s); err != nil {
			a.fails(f, err)
		}
	case k.mayStart(a.x):
		a.startBranch(f, s)
	case k.finished() && !f.writes():
		a.gather(f, s)
	}
}

// fails is an outcome for what could not be evaluated.
func (a *advance) fails(f *Frame, err error) {
	failure := asFailure(f, err)
	a.emit(Record{Kind: Outcome, Path: f.Path, Error: failure.name, Cause: failure.cause})
}

// reads reports whether the frame waits for items from outside.
func (f *Frame) reads() bool {
	return f.state.Type == Map && f.state.iterate.reader != nil && f.fork != nil && !f.fork.ready
}

// writes reports whether the frame waits until its results are written.
func (f *Frame) writes() bool {
	k := f.fork
	return k != nil && k.finished() && !k.broken() && k.run.Writer != nil && f.state.writer() != nil && k.bytes <= k.room()
}

func (a *advance) startBranch(f *Frame, s *State) {
	k := f.fork
	flow, input, taken := s.Branches[0], f.Arguments, 1
	if s.Type == Parallel {
		flow = s.Branches[k.begun]
	} else {
		var err error
		if input, taken, err = a.iterationInput(f, s); err != nil {
			a.fails(f, err)
			return
		}
		if len(input) > MaxData {
			a.fails(f, failed(ErrDataLimitExceeded, "The input of iteration %d of the state '%s' has %d bytes, over the limit of %d.", k.begun, s.Name, len(input), MaxData))
			return
		}
	}
	branch := &Frame{Path: k.prefix + "/" + numberOf(k.begun).String(), parent: f, index: k.begun, events: f.events, variables: &variables{outer: f.variables}}
	branch.first, branch.taken = k.taken, taken
	if s.distributed() {
		branch.events = new(int)
	}
	a.enter(branch, flow.StartAt, input, nil)
}

// reason is why a state fails whose branches failed: an error of its own where a number of failures was tolerated or the
// iterations have histories of their own, the branch's otherwise.
func (k *fork) reason() (name, cause string) {
	if k.run.ToleratedCount != nil || k.run.TolerablePercentage != nil || !k.inline {
		return ErrExceedTolerated, "The specified tolerated failure threshold was exceeded"
	}
	return k.failure.failure.name, k.failure.failure.cause
}

// gather ends the state with the branches' results, in order.
func (a *advance) gather(f *Frame, s *State) {
	k := f.fork
	if k.bytes > k.room() {
		a.fails(f, tooMuch(s))
		return
	}
	transformation, outputType := "COMPACT", ""
	if w := s.writer(); w != nil {
		transformation, outputType = w.Transformation, w.OutputType
	}
	output := render(k.results, transformation, outputType)
	if outputType == "JSONL" {
		output = encode(string(output))
	}
	if len(output) > MaxData {
		a.fails(f, tooMuch(s))
		return
	}
	a.emit(Record{Kind: Outcome, Path: f.Path, Output: output})
}

func tooMuch(s *State) error {
	if s.writer() != nil && s.writer().Resource != "" {
		return failed(ErrResultWriterFailed, "The results of the state '%s' have more than %d bytes.", s.Name, MaxItems)
	}
	return failed(ErrDataLimitExceeded, "The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", s.Name)
}

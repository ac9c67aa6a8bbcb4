package asl

// pass leaves a Pass or Succeed state, or a Wait that is over.
func (a *advance) pass(f *Frame, s *State) {
	if err := a.tryPass(f, s); err != nil {
		a.end(f, asFailure(f, err))
	}
}

func (a *advance) tryPass(f *Frame, s *State) error {
	data, err := a.scope(f)
	if err != nil {
		return err
	}
	raw := data.input
	if data.input, err = narrow(f, s.input, data); err != nil {
		return err
	}
	result := data.input
	if s.parameters != nil {
		if result, err = a.evaluate(f, s.parameters, data); err != nil {
			return err
		}
	}
	if s.hasFixed {
		result = s.fixed
	}
	data.input = result
	assign, err := a.assigned(f, s.assign, data)
	if err != nil {
		return err
	}
	output := result
	if s.Type == Pass {
		if output, err = place(f, s.result, raw, result); err != nil {
			return err
		}
	}
	return a.leave(f, s, data, s.Next, output, assign)
}

// taskDone leaves a Task with its result; where that can't be taken in, Retry and Catch see why.
func (a *advance) taskDone(f *Frame, s *State) {
	if err := a.tryTaskDone(f, s); err != nil {
		a.handle(f, s, asFailure(f, err))
	}
}

func (a *advance) tryTaskDone(f *Frame, s *State) error {
	if len(f.outcome.Output) > MaxData {
		return failed(ErrDataLimitExceeded, "The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", s.Name)
	}
	result, err := parseValue(f.outcome.Output)
	if err != nil {
		return runtimeFailure(f, "The task's result is not JSON: %v", err)
	}
	data, err := a.scope(f)
	if err != nil {
		return err
	}
	raw := data.input
	if s.query {
		data.result = &result
	} else {
		data.input = result
	}
	if s.selector != nil {
		if result, err = a.evaluate(f, s.selector, data); err != nil {
			return err
		}
		data.input = result
	}
	assign, err := a.assigned(f, s.assign, data)
	if err != nil {
		return err
	}
	output, err := place(f, s.result, raw, result)
	if err != nil {
		return err
	}
	return a.leave(f, s, data, s.Next, output, assign)
}

// choose takes the first rule that holds.
func (a *advance) choose(f *Frame, s *State) {
	if err := a.tryChoose(f, s); err != nil {
		a.end(f, asFailure(f, err))
	}
}

func (a *advance) tryChoose(f *Frame, s *State) error {
	data, err := a.effective(f, s)
	if err != nil {
		return err
	}
	next, template, produce := s.fallback, s.assign, s.produce
	for _, r := range s.rules {
		holds, err := r.holds(data)
		if err != nil {
			return err
		}
		if holds {
			next, template, produce = r.next, r.assign, r.produce
			break
		}
	}
	if next == "" {
		return failed(ErrNoChoiceMatched, "No choice rule of the state '%s' matched, and it has no Default.", s.Name)
	}
	assign, err := a.assigned(f, template, data)
	if err != nil {
		return err
	}
	output, err := a.produced(f, produce, data, data.input)
	if err != nil {
		return err
	}
	if s.query {
		return a.move(f, s, next, output, assign)
	}
	return a.leave(f, s, data, next, output, assign)
}

func (a *advance) fail(f *Frame, s *State) {
	data, err := a.scope(f)
	end := &failure{name: s.err, cause: s.cause}
	if err == nil && s.errPath != nil {
		end.name, err = a.failText(f, "ErrorPath", s.errPath, data)
	}
	if err == nil && s.errOf != nil {
		end.name, err = a.queryText(f, s.errOf, data)
	}
	if err == nil && s.causeOf != nil {
		end.cause, err = a.queryText(f, s.causeOf, data)
	}
	if err == nil && s.causePath != nil {
		end.cause, err = a.failText(f, "CausePath", s.causePath, data)
	}
	if err != nil {
		end = asFailure(f, err)
	}
	a.end(f, end)
}

func (a *advance) failText(f *Frame, field string, e expression, data *scope) (string, error) {
	one := &template{fields: []templateField{{name: field, written: field, expression: e}}}
	v, err := a.evaluate(f, one, data)
	if err != nil {
		return "", err
	}
	text, ok := v.(*object).values[field].(string)
	if !ok {
		return "", runtimeFailure(f, "The %s field '%s' does not lead to text", field, e)
	}
	return text, nil
}

package asl

import (
	"time"

	"riposte.dev/conf"
)

func (p *parser) pass(n *conf.Node, path string, s *State) {
	var f passFields
	p.decode(n, path, &f)
	p.next(f.nextFields, n, path, s)
	s.Comment = f.Comment
	s.input, s.output, s.result = f.InputPath, f.OutputPath, pathOption(f.ResultPath)
	s.parameters, s.assign = p.template(f.Parameters, path+".Parameters"), p.assign(f.assignFields, path)
	s.produce = p.template(f.Output, path+".Output")
	if f.Result != nil {
		s.fixed, s.hasFixed = literalOf(f.Result), true
	}
}

func (p *parser) wait(n *conf.Node, path string, s *State) {
	var f waitFields
	p.decode(n, path, &f)
	p.next(f.nextFields, n, path, s)
	s.Comment, s.input, s.output, s.assign = f.Comment, f.InputPath, f.OutputPath, p.assign(f.assignFields, path)
	s.timeout, s.timestamp, s.timestampPath, s.produce = f.Seconds, f.Timestamp.fixed, f.TimestampPath, p.template(f.Output, path+".Output")
	p.expressed(&s.timeout, path+".Seconds")
	s.timestampOf = p.expression(f.Timestamp.expression, path+".Timestamp")
	if f.SecondsPath != nil {
		s.timeout = seconds{given: true, path: f.SecondsPath}
	}
	count := 0
	for _, name := range []string{"Seconds", "SecondsPath", "Timestamp", "TimestampPath"} {
		if n.Get(name) != nil {
			count++
		}
	}
	if count != 1 {
		p.fail(path, "", "a Wait state has exactly one of Seconds, SecondsPath, Timestamp and TimestampPath; %q has %d of them", s.Name, count)
	}
}

func (p *parser) failState(n *conf.Node, path string, s *State) {
	var f failFields
	p.decode(n, path, &f)
	s.Comment = f.Comment
	s.err, s.errOf = p.textOrExpression(f.Error, path+".Error")
	s.cause, s.causeOf = p.textOrExpression(f.Cause, path+".Cause")
	s.errPath, s.causePath = f.ErrorPath.expression, f.CausePath.expression
	for _, name := range []string{"Error", "Cause"} {
		if n.Get(name) != nil && n.Get(name+"Path") != nil {
			p.fail(path+"."+name+"Path", "keep one of them", "%s and %sPath exclude each other", name, name)
		}
	}
}

// failures reads Retry and Catch.
func (p *parser) failures(f failureFields, path string, s *State) {
	for i, r := range f.Retry {
		s.Retry = append(s.Retry, p.retrier(r, conf.IndexPath(path+".Retry", i), i == len(f.Retry)-1))
	}
	for i, c := range f.Catch {
		at := conf.IndexPath(path+".Catch", i)
		p.errorEquals(c.ErrorEquals, at, i == len(f.Catch)-1)
		s.Catch = append(s.Catch, Catcher{ErrorEquals: c.ErrorEquals, Next: c.Next, result: pathOption(c.ResultPath), assign: p.assign(c.assignFields, at),
			produce: p.template(c.Output, at+".Output")})
	}
}

func (p *parser) retrier(f retrierFields, path string, last bool) Retrier {
	p.errorEquals(f.ErrorEquals, path, last)
	r := Retrier{ErrorEquals: f.ErrorEquals, Interval: time.Second, MaxAttempts: 3, BackoffRate: 2}
	if f.IntervalSeconds != nil {
		r.Interval = time.Duration(*f.IntervalSeconds) * time.Second
		if *f.IntervalSeconds < 1 || *f.IntervalSeconds > maxSeconds {
			p.fail(path+".IntervalSeconds", "", "IntervalSeconds must be from 1 to %d", maxSeconds)
		}
	}
	if f.MaxAttempts != nil {
		r.MaxAttempts = int(*f.MaxAttempts)
		if *f.MaxAttempts < 0 || *f.MaxAttempts > maxSeconds {
			p.fail(path+".MaxAttempts", "write 0 for never", "MaxAttempts must be from 0 to %d", maxSeconds)
		}
	}
	if f.BackoffRate != nil {
		if r.BackoffRate = *f.BackoffRate; r.BackoffRate < 1 {
			p.fail(path+".BackoffRate", "write 1 for equal intervals", "BackoffRate must be at least 1.0")
		}
	}
	if f.MaxDelaySeconds != nil {
		r.MaxDelay = time.Duration(*f.MaxDelaySeconds) * time.Second
		if *f.MaxDelaySeconds < 1 || *f.MaxDelaySeconds >= 31_622_400 || r.MaxDelay <= r.Interval {
			p.fail(path+".MaxDelaySeconds", "", "MaxDelaySeconds must be greater than IntervalSeconds and less than 31622400")
		}
	}
	switch f.JitterStrategy {
	case "", "NONE":
	case "FULL":
		r.FullJitter = true
	default:
		p.fail(path+".JitterStrategy", "", "JitterStrategy must be FULL or NONE, not %q", f.JitterStrategy)
	}
	return r
}

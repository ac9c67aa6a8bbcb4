package sandbox

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// errDropped closes a connection without an answer.
var errDropped = errors.New("the connection was dropped by a fault")

// Match selects calls. Empty fields match any; Resource and Principal match a
// part of the input's JSON and of the caller's ARN.
type Match struct {
	Service   string `json:"service,omitempty"` // botocore's name: "cloudtrail", "events"
	Operation string `json:"operation,omitempty"`
	Account   string `json:"account,omitempty"`
	Region    string `json:"region,omitempty"`
	Resource  string `json:"resource,omitempty"`
	Principal string `json:"principal,omitempty"`
}

func (m Match) covers(c *call) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	switch {
	case !fits(m.Service, c.svc.name), !fits(m.Operation, c.target.Name), !fits(m.Region, c.region):
		return false
	case m.Account != "" && (c.account == nil || c.account.id != m.Account):
		return false
	case m.Principal != "" && (c.caller == nil || !strings.Contains(c.caller.arn, m.Principal)):
		return false
	case m.Resource != "":
		text, err := json.Marshal(c.in)
		return err == nil && strings.Contains(string(text), m.Resource)
	}
	return true
}

// Fault disturbs calls that it matches: first Delay, then Hold, then Drop or
// Error. A fault before the effect that drops or fails prevents the effect; one
// after it loses the answer only.
type Fault struct {
	Match
	Times int  // how many calls; 0: all
	After bool // the effect, instead of before
	Delay time.Duration
	Hold  <-chan struct{} // until it is closed
	Drop  bool            // close the connection without an answer
	Error *FaultError
}

// FaultError is a failure that a fault answers with.
type FaultError struct {
	Code    string `json:"code"` // "ThrottlingException"
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"` // HTTP; 0: what the code has, else 400
}

// faultSet is what disturbs a sandbox at present.
type faultSet struct {
	faults    []*activeFault
	staleness []*Staleness
	nextID    int
}

type activeFault struct {
	Fault
	id   int
	left int // negative: without bound
}

// AddFault puts a fault in force; the function takes it off.
func (s *Sandbox) AddFault(f Fault) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.addFault(f)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.removeFault(id)
	}
}

func (s *Sandbox) addFault(f Fault) int {
	s.faults.nextID++
	a := &activeFault{Fault: f, id: s.faults.nextID, left: f.Times}
	if f.Times == 0 {
		a.left = -1
	}
	s.faults.faults = append(s.faults.faults, a)
	return a.id
}

func (s *Sandbox) removeFault(id int) bool {
	for _, f := range s.faults.faults {
		if f.id == id {
			s.faults.faults = without(s.faults.faults, f)
			return true
		}
	}
	return false
}

// disturbance is the faults that one call suffers at one point.
type disturbance []Fault

// disturbances takes the faults that match a call, and counts them.
func (s *Sandbox) disturbances(c *call) (before, after disturbance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []*activeFault
	for _, f := range s.faults.faults {
		if f.Match.covers(c) {
			if f.After {
				after = append(after, f.Fault)
			} else {
				before = append(before, f.Fault)
			}
			if f.left > 0 {
				f.left--
			}
		}
		if f.left != 0 {
			kept = append(kept, f)
		}
	}
	s.faults.faults = kept
	return before, after
}

func (d disturbance) suffer(c *call) error {
	for _, f := range d {
		if f.Delay > 0 {
			select {
			case <-c.sb.opts.Clock.After(f.Delay):
			case <-c.ctx.Done():
				return errDropped
			}
		}
		if f.Hold != nil {
			select {
			case <-f.Hold:
			case <-c.ctx.Done():
				return errDropped
			}
		}
		if f.Drop {
			return errDropped
		}
		if e := f.Error; e != nil {
			return &wire.Error{Code: e.Code, Message: orElse(e.Message, "injected by a fault of the sandbox"), Status: e.Status}
		}
	}
	return nil
}

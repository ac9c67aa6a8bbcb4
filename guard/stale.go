package guard

import (
	"context"
	"fmt"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// staleEvent keeps what happened long ago (a backfill from S3) from starting a response: the world has moved on. An event
// of exactly the maximal age may still start one.
func (g *Guard) staleEvent(_ context.Context, a *admission) (*Verdict, error) {
	maxAge := a.MaxAge
	if maxAge == 0 {
		maxAge = DefaultMaxAge
	}
	happened, err := happened(a.Event)
	if err != nil {
		return nil, err
	}
	age := a.now.Sub(happened)
	switch {
	case age > maxAge:
		return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{fmt.Sprintf(
			"It happened %s ago, longer than the %s after which a response no longer starts by itself.", age.Round(time.Second), maxAge)}}, nil
	case -age > MaxSkew:
		return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{fmt.Sprintf(
			"Its time lies %s in the future, so its age is not known. Check the clock of this host and of the sender.", (-age).Round(time.Second))}}, nil
	}
	a.pass("It happened %s ago; a response starts up to %s after.", max(age, 0).Round(time.Second), maxAge)
	return nil, nil
}

// happened returns when the thing happened that the event tells of. An imported finding may be published long after
// what it was raised for, so the time counts at which that was last observed
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html, LastObservedAt).
func happened(e *event.Envelope) (time.Time, error) {
	at := e.Time
	if e.DetailType == event.FindingsImported {
		var d struct {
			Findings []struct{ LastObservedAt time.Time }
		}
		if err := jsonv2.Unmarshal(e.Detail, &d, jsonv2.MatchCaseInsensitiveNames(true)); err != nil {
			return at, fault.New(fault.Invalid, "event %s carries no readable findings: %w", e.ID, err)
		}
		for _, f := range d.Findings {
			if !f.LastObservedAt.IsZero() && f.LastObservedAt.Before(at) {
				at = f.LastObservedAt
			}
		}
	}
	if at.IsZero() {
		return at, fault.New(fault.Invalid, "event %s does not say when it happened", e.ID)
	}
	return at, nil
}

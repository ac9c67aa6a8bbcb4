package guard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Lost knows the calls of ours of which we never learned the request id, because the connection or the process broke
// before the answer came: whether there was one to this operation, or one that needed this permission, around that time. at is the
// time of the event.
type Lost interface {
	Lost(ctx context.Context, service, operation, account string, at time.Time) (bool, error)
}

// ownChange tells our own changes from those of somebody else. An event is ours only if its principal is a responder and
// its request id is one that we journaled: AWS assigns both, while a user agent or a session name can be faked. The event
// may come before the answer to our call is journaled, so as long as an intent is open the request id is awaited.
func (g *Guard) ownChange(ctx context.Context, a *admission) (*Verdict, error) {
	if a.record == nil {
		a.skip("The event names nobody who did it.")
		return nil, nil
	}
	if !g.isResponder(a.record.UserIdentity) {
		a.pass("%s is not as whom riposte acts.", orNone(a.record.UserIdentity.Principal()))
		return nil, nil
	}
	r := a.record
	ours, err := g.awaitKnown(ctx, r.RequestID)
	if err != nil {
		return nil, fmt.Errorf("tell whether request %s is riposte's own: %w", r.RequestID, err)
	}
	call := fmt.Sprintf("%s (request %s, from %s)", r.EventName, orNone(r.RequestID), orNone(r.SourceIPAddress))
	if ours {
		return &Verdict{Outcome: Ignore, Mode: Notify, Reasons: []string{"This is riposte's own change: " + call + "."}}, nil
	}
	if strings.HasSuffix(r.UserIdentity.InvokedBy, ".amazonaws.com") {
		return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{fmt.Sprintf(
			"%s called %s on behalf of riposte's role, so it starts no response.", r.UserIdentity.InvokedBy, call)}}, nil
	}
	if g.lost != nil {
		lost, err := g.wasLost(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("tell whether request %s is one whose answer was lost: %w", r.RequestID, err)
		}
		if lost {
			return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{
				"This is probably riposte's own change, a call whose answer was lost: " + call + ". If it was not, its role is being misused."}}, nil
		}
	}
	return &Verdict{Outcome: Misuse, Mode: Notify, Reasons: []string{fmt.Sprintf(
		"Riposte's role %s was used by somebody else: %s is none of riposte's requests. Revoke the role's sessions and find out who holds its credentials.",
		r.UserIdentity.Principal(), call)}}, nil
}

// wasLost reports whether it may be a call of ours whose answer was lost. What is kept of such a call is the operation where one was
// made, and the permissions where it is only known that some were to be made; CloudTrail's name can be that of either.
func (g *Guard) wasLost(ctx context.Context, r *event.Record) (bool, error) {
	service := event.Service(r.EventSource)
	lost, err := g.lost.Lost(ctx, service, r.EventName, r.Account(), r.EventTime)
	if operation := event.Operation(service, r.EventName); err == nil && !lost && operation != r.EventName {
		return g.lost.Lost(ctx, service, operation, r.Account(), r.EventTime)
	}
	return lost, err
}

// awaitKnown reports whether the request id was journaled. It looks for open intents before it looks for the id: where
// none was open, everything we ever got an answer to is journaled, and not to find the id is final.
func (g *Guard) awaitKnown(ctx context.Context, requestID string) (bool, error) {
	if requestID == "" {
		return false, nil
	}
	for waited := time.Duration(0); ; waited += g.poll {
		pending, err := g.requests.Pending(ctx)
		if err != nil {
			return false, err
		}
		known, err := g.requests.Known(ctx, requestID)
		if known || err != nil || !pending || waited >= g.await {
			return known, err
		}
		if err := g.sleep(ctx, g.poll); err != nil {
			return false, err
		}
	}
}

// responder is a role or user with which riposte acts.
type responder struct {
	arn     string // the part after the account: role/path/name or user/path/name
	account string // "*" for every account
	role    string // the role's name without its path; "" for a user
}

func parseResponder(arn string) (responder, error) {
	parts := strings.SplitN(arn, ":", 6) // arn:partition:iam::account:role/path/name
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && (parts[4] == "*" || isAccount(parts[4])) {
		kind, name, _ := strings.Cut(parts[5], "/")
		name = name[strings.LastIndexByte(name, '/')+1:]
		if name != "" && !strings.ContainsAny(parts[5], "*?") {
			switch kind {
			case "role":
				return responder{arn: parts[5], account: parts[4], role: name}, nil
			case "user":
				return responder{arn: parts[5], account: parts[4]}, nil
			}
		}
	}
	return responder{}, fault.New(fault.Invalid, "%q is not the ARN of an IAM role or user", arn)
}

// isResponder reports whether the identity is a responder. A session of a role is recognised by its issuer, and by its own
// ARN too, which lacks the role's path, so that a record without sessionContext is not taken for a stranger's.
func (g *Guard) isResponder(id event.Identity) bool {
	for _, arn := range []string{id.SessionContext.SessionIssuer.ARN, id.ARN} {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) != 6 {
			continue
		}
		for _, r := range g.responders {
			if r.account != "*" && r.account != parts[4] {
				continue
			}
			if parts[2] == "iam" && parts[5] == r.arn {
				return true
			}
			if parts[2] == "sts" && r.role != "" && strings.HasPrefix(parts[5], "assumed-role/"+r.role+"/") {
				return true
			}
		}
	}
	return false
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

func orNone(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

package sandbox

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// Call is one request that the sandbox has seen, whatever became of it.
type Call struct {
	Time        time.Time       `json:"time"`
	Service     string          `json:"service"` // botocore's name
	Operation   string          `json:"operation"`
	Account     string          `json:"account,omitempty"`
	Region      string          `json:"region"`
	Principal   string          `json:"principal,omitempty"` // ARN; "" when nobody was authenticated
	AccessKeyID string          `json:"accessKeyId,omitempty"`
	RequestID   string          `json:"requestId"`
	SourceIP    string          `json:"sourceIp"`
	UserAgent   string          `json:"userAgent"`
	Params      json.RawMessage `json:"params,omitempty"` // by the model's names, without sensitive values
	ErrorCode   string          `json:"errorCode,omitempty"`
	Error       string          `json:"error,omitempty"`
}

// Dropped is the ErrorCode of a call whose connection a fault dropped before
// its effect.
const Dropped = "(dropped)"

// Calls lists the calls seen so far, oldest first, at most
// Options.JournalSize. Calls that a Match field excludes are left out.
func (s *Sandbox) Calls(matches ...Match) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls.entries {
		if len(matches) == 0 {
			out = append(out, c)
			continue
		}
		for _, m := range matches {
			if m.coversCall(c) {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

func (m Match) coversCall(c Call) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	return fits(m.Service, c.Service) && fits(m.Operation, c.Operation) && fits(m.Account, c.Account) &&
		fits(m.Region, c.Region) && strings.Contains(c.Principal, m.Principal) && strings.Contains(string(c.Params), m.Resource)
}

func (s *Sandbox) journal(c *call, err error) {
	e := Call{
		Time: c.time.UTC(), Service: c.svc.name, Operation: c.target.Name, Region: c.region,
		RequestID: c.requestID, SourceIP: c.sourceIP, UserAgent: c.userAgent,
	}
	if c.account != nil {
		e.Account = c.account.id
	}
	if c.caller != nil {
		e.Principal, e.AccessKeyID = c.caller.arn, c.caller.accessKeyID
	}
	if c.target.Operation != nil && c.target.Operation.Input != nil && c.in != nil {
		shown := hideSensitive(c.target.Operation.Input.Type(), wire.Object(c.in))
		if text, err := json.Marshal(shown); err == nil {
			e.Params = text
		}
	}
	var failure *wire.Error
	switch {
	case errors.Is(err, errDropped):
		e.ErrorCode = Dropped
	case errors.As(err, &failure):
		e.ErrorCode, e.Error = failure.Code, failure.Message
	case err != nil:
		e.ErrorCode, e.Error = "InternalFailure", err.Error()
	}
	s.calls.add(e)
}

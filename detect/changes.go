package detect

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/event"
)

// Change is who made the last successful call of one name on one resource.
type Change struct {
	Who       string    `json:"who"`       // in words
	Principal string    `json:"principal"` // event.Identity.Principal
	Address   string    `json:"address"`
	At        time.Time `json:"at"`
	EventID   string    `json:"event_id"`
}

// maxChanges bounds the index; over it, the oldest half goes.
const maxChanges = 50_000

// maxNamed is how many top-level request parameters of one call are taken as names of resources.
const maxNamed = 8

// changes finds the last change by API and resource. A request names its resource in a parameter, by name or by ARN, so
// every short text parameter is taken as a name.
type changes struct {
	byKey map[changeKey]Change
}

type changeKey struct{ api, account, region, resource string }

func (c *changes) observe(r *event.Record) {
	if r.ErrorCode != "" || r.ReadOnly != nil && *r.ReadOnly {
		return
	}
	names := resourceNames(r)
	if len(names) == 0 {
		return
	}
	change := Change{Who: r.UserIdentity.Person(), Principal: r.UserIdentity.Principal(), Address: r.SourceIPAddress, At: r.EventTime, EventID: r.EventID}
	for _, name := range names {
		key := changeKey{api: r.EventName, resource: name}
		if !strings.HasPrefix(name, "arn:") {
			key.account, key.region = r.Account(), r.AWSRegion
		}
		if known, ok := c.byKey[key]; !ok || known.At.Before(change.At) {
			c.byKey[key] = change
		}
	}
}

// resourceNames returns the ARNs of the record and its short text parameters, at most maxNamed.
func resourceNames(r *event.Record) []string {
	var names []string
	for _, res := range r.Resources {
		if res.ARN != "" {
			names = append(names, res.ARN)
		}
	}
	var params map[string]json.RawMessage
	if json.Unmarshal(r.RequestParameters, &params) == nil {
		for _, key := range slices.Sorted(maps.Keys(params)) {
			var text string
			if value := params[key]; len(value) > 2 && len(value) < 512 && value[0] == '"' && json.Unmarshal(value, &text) == nil {
				names = append(names, text)
			}
		}
	}
	return names[:min(len(names), maxNamed)]
}

func (c *changes) expire(oldest time.Time) {
	if len(c.byKey) < maxChanges {
		return
	}
	for {
		for key, change := range c.byKey {
			if change.At.Before(oldest) {
				delete(c.byKey, key)
			}
		}
		if len(c.byKey) <= maxChanges/2 {
			return
		}
		oldest = oldest.Add(5 * time.Minute)
	}
}

// LastBy returns who made the last successful call api (such as StopLogging) on the resource, an ARN; ok is false where
// none is remembered.
func (a *Activity) LastBy(api, resource string) (Change, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	best, found := a.changes.byKey[changeKey{api: api, resource: resource}]
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) == 6 {
		name := parts[5]
		if at := strings.LastIndexAny(name, "/:"); at >= 0 {
			name = name[at+1:]
		}
		key := changeKey{api: api, account: parts[4], region: parts[3], resource: name}
		if change, ok := a.changes.byKey[key]; ok && (!found || change.At.After(best.At)) {
			best, found = change, true
		}
	}
	if found && best.At.Before(a.now().Add(-a.window)) {
		return Change{}, false
	}
	return best, found
}

package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

func startLogging(c *call) (wire.Object, error) {
	t, err := c.own(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	if !t.logging {
		t.logging, t.started = true, c.time
	}
	return nil, nil
}

func stopLogging(c *call) (wire.Object, error) {
	t, err := c.own(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	if t.logging {
		t.logging, t.stopped = false, c.time
	}
	return nil, nil
}

// deliveryLag is how long after the start CloudTrail claims its first delivery.
const deliveryLag = 5 * time.Minute

func getTrailStatus(c *call) (wire.Object, error) {
	t, err := c.find(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	stamp := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.UTC().Format(time.RFC3339)
	}
	out := wire.Object{
		"IsLogging": t.logging, "TimeLoggingStarted": stamp(t.started), "TimeLoggingStopped": stamp(t.stopped),
		"LatestDeliveryAttemptTime": "", "LatestDeliveryAttemptSucceeded": "",
		"LatestNotificationAttemptTime": "", "LatestNotificationAttemptSucceeded": "",
	}
	if !t.started.IsZero() {
		out["StartLoggingTime"] = t.started
	}
	if !t.stopped.IsZero() {
		out["StopLoggingTime"] = t.stopped
	}
	if last := t.lastDelivery(c.time); !last.IsZero() {
		out["LatestDeliveryTime"] = last
		out["LatestDeliveryAttemptTime"], out["LatestDeliveryAttemptSucceeded"] = stamp(last), stamp(last)
	}
	return out, nil
}

// lastDelivery is the last of the deliveries every five minutes since the start.
func (t *trail) lastDelivery(now time.Time) time.Time {
	end := now
	if !t.logging {
		end = t.stopped
	}
	n := end.Sub(t.started) / deliveryLag
	if t.started.IsZero() || n < 1 {
		return time.Time{}
	}
	return t.started.Add(n * deliveryLag)
}

// defaultSelectors log all management events.
func defaultSelectors() wire.List {
	return wire.List{wire.Object{
		"ReadWriteType": "All", "IncludeManagementEvents": true,
		"DataResources": wire.List{}, "ExcludeManagementEventSources": wire.List{},
	}}
}

func putEventSelectors(c *call) (wire.Object, error) {
	t, err := c.own(c.in.str("TrailName"))
	if err != nil {
		return nil, err
	}
	plain, isPlain := c.in["EventSelectors"].(wire.List)
	advanced, isAdvanced := c.in["AdvancedEventSelectors"].(wire.List)
	switch {
	case isPlain == isAdvanced:
		return nil, wire.Errorf("InvalidEventSelectorsException", "Specify either EventSelectors or AdvancedEventSelectors, not both and not neither.")
	case len(plain) > 5:
		return nil, wire.Errorf("InvalidEventSelectorsException", "A trail has at most five event selectors.")
	case len(plain)+len(advanced) == 0:
		return nil, wire.Errorf("InvalidEventSelectorsException", "Specify at least one selector.")
	}
	out := wire.Object{"TrailARN": t.arn}
	if isAdvanced {
		t.selectors, t.advanced = nil, advanced
		out["AdvancedEventSelectors"] = advanced
		return out, nil
	}
	t.selectors, t.advanced = make(wire.List, 0, len(plain)), nil
	for _, s := range c.in.objects("EventSelectors") {
		full := defaultSelectors()[0].(wire.Object)
		maps.Copy(full, s)
		t.selectors = append(t.selectors, full)
	}
	out["EventSelectors"] = t.selectors
	return out, nil
}

func getEventSelectors(c *call) (wire.Object, error) {
	t, err := c.find(c.in.str("TrailName"))
	if err != nil {
		return nil, err
	}
	out := wire.Object{"TrailARN": t.arn}
	switch {
	case t.advanced != nil:
		out["AdvancedEventSelectors"] = t.advanced
	case t.selectors != nil:
		out["EventSelectors"] = t.selectors
	default:
		out["EventSelectors"] = defaultSelectors()
	}
	return out, nil
}

func sortedTrailKeys(s *trails) []trailKey {
	return slices.SortedFunc(maps.Keys(s.byKey), func(a, b trailKey) int {
		if x := strings.Compare(a.region, b.region); x != 0 {
			return x
		}
		return strings.Compare(a.name, b.name)
	})
}

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
		c.sb.endDigests(t, c.time) // those of the time before it stopped
		t.logging, t.started = true, c.time
		t.beginDigests(c.time)
	}
	return nil, nil
}

func stopLogging(c *call) (wire.Object, error) {
	t, err := c.own(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	if t.logging {
		t.logging, t.stopped, t.log.stopRequest = false, c.time, c.requestID
	}
	return nil, nil
}

func getTrailStatus(c *call) (wire.Object, error) {
	t, err := c.find(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	text := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return stamp(at)
	}
	in := t.log.in(c.region) // other regions have a status of their own
	files, digests, notices := in.files, in.digests, in.notices
	out := wire.Object{
		"IsLogging": t.logging, "TimeLoggingStarted": text(t.started), "TimeLoggingStopped": text(t.stopped),
		"LatestDeliveryAttemptTime": text(files.tried), "LatestDeliveryAttemptSucceeded": text(files.succeeded),
		"LatestNotificationAttemptTime": text(notices.tried), "LatestNotificationAttemptSucceeded": text(notices.succeeded),
	}
	for name, at := range map[string]time.Time{
		"StartLoggingTime": t.started, "StopLoggingTime": t.stopped, "LatestDeliveryTime": files.succeeded,
		"LatestDigestDeliveryTime": digests.succeeded, "LatestNotificationTime": notices.succeeded,
	} {
		if !at.IsZero() {
			out[name] = at
		}
	}
	put(out, "LatestDeliveryError", files.failure)
	put(out, "LatestDigestDeliveryError", digests.failure)
	put(out, "LatestNotificationError", notices.failure)
	return out, nil
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

package sandbox

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// LookupEvents answers for 90 days, at most fifty records a page, twice a
// second (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html).
const (
	lookupDays = 90
	lookupPage = 50
	lookupRate = 2
)

// lookup is one query.
type lookup struct {
	key, value string
	from, to   time.Time
}

func lookupEvents(c *call) (wire.Object, error) {
	if err := c.throttle(lookupRate); err != nil {
		return nil, err
	}
	q, err := c.readLookup()
	if err != nil {
		return nil, err
	}
	log := c.sb.events[c.account.id]
	if log == nil || c.in.str("EventCategory") == "insight" {
		return wire.Object{"Events": wire.List{}}, nil
	}
	// Positions count from the first record ever, so that new records and
	// dropped old ones don't move a page.
	last := log.dropped + len(log.entries) - 1
	if token := c.in.str("NextToken"); token != "" {
		if last, err = q.position(token); err != nil {
			return nil, wire.Errorf("InvalidNextTokenException", "The next token is not valid for these parameters.")
		}
	}
	size := c.in.number("MaxResults", lookupPage)
	events := wire.List{}
	out := wire.Object{}
	for i := min(last-log.dropped, len(log.entries)-1); i >= 0; i-- {
		e := &log.entries[i]
		if e.region != c.region || !q.matches(e, c.time) {
			continue
		}
		if len(events) == size {
			out["NextToken"] = q.token(i + log.dropped)
			break
		}
		events = append(events, e.describe())
	}
	out["Events"] = events
	return out, nil
}

func (c *call) readLookup() (lookup, error) {
	q := lookup{from: c.time.AddDate(0, 0, -lookupDays), to: c.time}
	attributes := c.in.objects("LookupAttributes")
	if len(attributes) > 1 {
		return q, wire.Errorf("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
	}
	for _, a := range attributes {
		q.key, q.value = a.str("AttributeKey"), a.str("AttributeValue")
		if len(q.value) == 0 || len(q.value) > 2000 {
			return q, wire.Errorf("InvalidLookupAttributesException", "The value of the attribute %s must have 1 to 2000 characters.", q.key)
		}
	}
	if t, ok := c.in.time("StartTime"); ok {
		q.from = t
	}
	if t, ok := c.in.time("EndTime"); ok {
		q.to = t
	}
	if q.from.After(q.to) {
		return q, wire.Errorf("InvalidTimeRangeException", "The start time must be before the end time.")
	}
	return q, nil
}

func (q lookup) matches(e *storedEvent, now time.Time) bool {
	if e.time.Before(q.from.Truncate(time.Second)) || e.time.After(q.to) || e.visible.After(now) {
		return false
	}
	switch q.key {
	case "":
		return true
	case "EventId":
		return e.id == q.value
	case "EventName":
		return e.name == q.value
	case "ReadOnly":
		return strconv.FormatBool(e.readOnly) == strings.ToLower(q.value)
	case "Username":
		return e.user == q.value
	case "EventSource":
		return e.source == q.value
	case "AccessKeyId":
		return e.key == q.value
	}
	for _, r := range e.resources {
		if q.key == "ResourceType" && r.kind == q.value || q.key == "ResourceName" && r.name == q.value {
			return true
		}
	}
	return false
}

func (e *storedEvent) describe() wire.Object {
	o := wire.Object{
		"EventId": e.id, "EventName": e.name, "EventTime": e.time, "EventSource": e.source,
		"ReadOnly": strconv.FormatBool(e.readOnly), "CloudTrailEvent": string(e.record),
		"Resources": list(e.resources, func(r lookupResource) any {
			return wire.Object{"ResourceType": r.kind, "ResourceName": r.name}
		}),
	}
	put(o, "Username", e.user)
	put(o, "AccessKeyId", e.key)
	return o
}

// token names a position, bound to the attribute that was asked for. Times
// are not part of it: a default end time moves on between pages.
func (q lookup) token(position int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%d.%x", position, q.sum())))
}

func (q lookup) position(token string) (int, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	pos, sum, _ := strings.Cut(string(text), ".")
	if sum != fmt.Sprintf("%x", q.sum()) {
		return 0, fmt.Errorf("token of another query")
	}
	return strconv.Atoi(pos)
}

func (q lookup) sum() uint64 {
	h := fnv.New64a()
	h.Write([]byte(q.key + "\x00" + q.value))
	return h.Sum64()
}

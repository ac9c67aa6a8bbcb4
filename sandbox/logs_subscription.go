package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// maxLogsFilters is the most subscription filters of a log group.
const maxLogsFilters = 2

type subscriptionFilter struct {
	name, pattern, destination, role string
	distribution                     string // ByLogStream or Random
	created                          time.Time
	parsed                           logsPattern
}

// logsMessage is what a subscription delivers, gzipped
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html).
type logsMessage struct {
	MessageType         string              `json:"messageType"`
	Owner               string              `json:"owner"`
	LogGroup            string              `json:"logGroup"`
	LogStream           string              `json:"logStream"`
	SubscriptionFilters []string            `json:"subscriptionFilters"`
	LogEvents           []subscriptionEvent `json:"logEvents"`
}

type subscriptionEvent struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// logsDestination is a service that subscriptions deliver to, in AWS's words.
type logsDestination struct{ name, failure string }

func destinationOf(arnOfIt string) (logsDestination, bool) {
	d, ok := map[string]logsDestination{
		"kinesis":  {"Kinesis", "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state."},
		"firehose": {"Firehose", "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state."},
		"lambda":   {"Lambda", "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function."},
	}[strings.SplitN(arnOfIt+":::", ":", 4)[2]]
	return d, ok
}

func putSubscriptionFilter(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	f := &subscriptionFilter{
		name: c.in.str("filterName"), pattern: c.in.str("filterPattern"), destination: c.in.str("destinationArn"),
		role: c.in.str("roleArn"), distribution: orElse(c.in.str("distribution"), "ByLogStream"), created: c.time.UTC(),
	}
	destination, ok := destinationOf(f.destination)
	vendor := strings.ToLower(destination.name)
	switch {
	case !ok:
		return nil, invalidParameter("PutSubscriptionFilter operation cannot work with destinationArn %s", f.destination)
	case vendor == "lambda" && f.role != "":
		return nil, invalidParameter("destinationArn for vendor lambda cannot be used with roleArn")
	case vendor != "lambda" && f.role == "":
		return nil, invalidParameter("destinationArn for vendor %s cannot be used without roleArn", vendor)
	}
	if f.parsed, err = parseLogsPattern(f.pattern); err != nil {
		return nil, invalidParameter("Invalid filter pattern: %v", err)
	}
	others := slices.DeleteFunc(slices.Clone(g.filters), func(o *subscriptionFilter) bool { return o.name == f.name })
	if len(others) >= maxLogsFilters {
		return nil, wire.Errorf("LimitExceededException", "Resource limit exceeded.")
	}
	if err := c.sb.checkDestination(g, f, destination.name); err != nil {
		return nil, invalidParameter("%s (%v)", destination.failure, err)
	}
	g.filters = append(others, f)
	slices.SortFunc(g.filters, func(a, b *subscriptionFilter) int { return cmp.Compare(a.name, b.name) })
	return nil, nil
}

// checkDestination sends the control message that begins a subscription; of a
// function it asks only whether it may be invoked.
func (s *Sandbox) checkDestination(g *logsGroup, f *subscriptionFilter, name string) error {
	if name == "Lambda" {
		return s.asLogs(g, f, func(from sender) error { return s.mayInvoke(from, f.destination) })
	}
	return s.handLogs(g, f, "", logsMessage{
		MessageType: "CONTROL_MESSAGE", Owner: "CloudwatchLogs", SubscriptionFilters: []string{},
		LogEvents: []subscriptionEvent{{Timestamp: s.opts.Clock.Now().UnixMilli(), Message: "CWL CONTROL MESSAGE: Checking health of destination " + name + "."}},
	})
}

// publishLogs sends events to the subscribers of their group. The lock is held.
func (s *Sandbox) publishLogs(g *logsGroup, st *logsStream, events []logEvent) {
	for _, f := range g.filters {
		m := logsMessage{MessageType: "DATA_MESSAGE", Owner: g.account, LogGroup: g.name, LogStream: st.name, SubscriptionFilters: []string{f.name}}
		for _, e := range events {
			if f.parsed.matches(e.message) {
				m.LogEvents = append(m.LogEvents, subscriptionEvent{ID: e.id(), Timestamp: e.at, Message: e.message})
			}
		}
		if len(m.LogEvents) == 0 {
			continue
		}
		key := st.name
		if f.distribution == "Random" {
			key = ""
		}
		if err := s.handLogs(g, f, key, m); err != nil {
			s.opts.Logger.Warn("log events not delivered", "group", g.arn(), "filter", f.name, "err", err)
		}
	}
}

// handLogs delivers a message to a filter's destination.
func (s *Sandbox) handLogs(g *logsGroup, f *subscriptionFilter, key string, m logsMessage) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode log events: %w", err)
	}
	packed, err := gzipped(text)
	if err != nil {
		return fmt.Errorf("compress log events: %w", err)
	}
	payload := packed.Bytes()
	if strings.HasPrefix(f.destination, "arn:aws:lambda:") {
		if payload, err = json.Marshal(map[string]any{"awslogs": map[string]any{"data": payload}}); err != nil {
			return fmt.Errorf("encode an invocation: %w", err)
		}
	}
	d := delivery{arn: f.destination, payload: payload, partitionKey: key}
	return s.asLogs(g, f, func(from sender) error {
		d.from = from
		return s.hand(d)
	})
}

// asLogs does something as CloudWatch Logs. Policies may name the service in
// general or of the region.
func (s *Sandbox) asLogs(g *logsGroup, f *subscriptionFilter, do func(sender) error) error {
	var err error
	for _, service := range []string{"logs.amazonaws.com", "logs." + g.region + ".amazonaws.com"} {
		err = do(sender{service: service, source: g.arn(), account: g.account, role: f.role})
		if err == nil || asUndelivered(err).passing {
			break
		}
	}
	return err
}

func describeSubscriptionFilters(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	prefix := c.in.str("filterNamePrefix")
	found := slices.DeleteFunc(slices.Clone(g.filters), func(f *subscriptionFilter) bool { return !strings.HasPrefix(f.name, prefix) })
	return logsPage(c, "subscriptionFilters", found, func(f *subscriptionFilter) any {
		o := wire.Object{
			"filterName": f.name, "logGroupName": g.name, "filterPattern": f.pattern, "destinationArn": f.destination,
			"distribution": f.distribution, "creationTime": f.created.UnixMilli(),
		}
		put(o, "roleArn", f.role)
		return o
	})
}

func deleteSubscriptionFilter(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	name := c.in.str("filterName")
	left := slices.DeleteFunc(slices.Clone(g.filters), func(f *subscriptionFilter) bool { return f.name == name })
	if len(left) == len(g.filters) {
		return nil, wire.Errorf("ResourceNotFoundException", "The specified subscription filter does not exist.")
	}
	g.filters = left
	return nil, nil
}

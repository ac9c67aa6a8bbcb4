package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/notify"
	"riposte.dev/playbook"
)

// doneSections tell, resource by resource, what was done, and whom of the owners is told.
func (r *reporter) doneSections(ctx context.Context, n playbook.Notice, m *notify.Message) []notify.Section {
	done := notify.Section{Title: "What was done"}
	if n.Mode != "auto" && !n.Undoable {
		done.Title = "What would be done (mode " + string(n.Mode) + ")"
	}
	var owners, culprits notify.Section
	owners.Title, culprits.Title = "Who is told", "Who stopped each trail"
	for _, plan := range n.Plans {
		for _, item := range plan.Items {
			text := item.Reason
			if item.Error != "" {
				text += " — " + item.Error
			}
			done.Facts = append(done.Facts, notify.Fact{Label: status(item), Value: name(item.Resource) + ": " + text})
			if item.Status == action.Change || item.Status == action.Changed || item.Status == action.Failed {
				for _, line := range action.Diff(item.Before, item.After) {
					done.Facts = append(done.Facts, notify.Fact{Value: line})
				}
			}
			for _, receipt := range item.Receipts {
				done.Facts = append(done.Facts, notify.Fact{Label: "Call", Value: call(receipt)})
			}
			if owner := item.Resource.Owner; owner != nil {
				owners.Facts = append(owners.Facts, notify.Fact{Label: owner.Contact, Value: "owner of " + name(item.Resource) + " by " + owner.Source})
				if strings.Contains(owner.Contact, "@") {
					m.To = append(m.To, owner.Contact)
				}
			}
			if item.Resource.Type == "AWS::CloudTrail::Trail" && len(plan.Items) > 1 {
				culprits.Facts = append(culprits.Facts, notify.Fact{Label: name(item.Resource), Value: r.stopper(ctx, item)})
			}
		}
	}
	if !n.Expires.IsZero() {
		done.Facts = append(done.Facts, notify.Fact{Label: "Until", Value: n.Expires.UTC().Format(time.RFC3339) + ": then riposte takes it back by itself"})
	}
	var sections []notify.Section
	for _, s := range []notify.Section{done, culprits, owners} {
		if len(s.Facts) > 0 {
			sections = append(sections, s)
		}
	}
	return sections
}

// status is an item's status in words.
func status(item action.Item) string {
	if item.Status == action.Failed && item.Touched() {
		return "failed, partly changed"
	}
	return string(item.Status)
}

func name(r action.Resource) string {
	if r.ARN != "" {
		return r.ARN
	}
	return r.Name
}

func call(r action.Receipt) string {
	text := fmt.Sprintf("%s:%s in %s at %s, request %s", r.Service, r.Operation, r.Region, r.At.UTC().Format("15:04:05.000Z"), r.RequestID)
	if r.Error != "" {
		text += ", failed: " + r.Error
	}
	return text
}

// lookupWithin bounds the question to CloudTrail who stopped a trail: a message does not wait for long.
const lookupWithin = 5 * time.Second

// stopper says who stopped a trail: from the retained events, else from LookupEvents, else "unknown".
func (r *reporter) stopper(ctx context.Context, item action.Item) string {
	if item.Status == action.Unneeded {
		return "nobody: it was logging"
	}
	if change, ok := r.activity.LastBy("StopLogging", item.Resource.ARN); ok {
		return fmt.Sprintf("%s at %s from %s", change.Who, change.At.UTC().Format(time.RFC3339), change.Address)
	}
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	cfg, err := r.accounts.Config(ctx, item.Resource.Account, item.Resource.Region)
	if err != nil {
		return "unknown (" + err.Error() + ")"
	}
	out, err := cloudtrail.NewFromConfig(cfg).LookupEvents(ctx, &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("StopLogging")}},
	})
	if err != nil {
		return "unknown (LookupEvents: " + short(err.Error(), 200) + ")"
	}
	for _, found := range out.Events { // the newest first
		e, err := event.FromCloudTrail([]byte(aws.ToString(found.CloudTrailEvent)))
		if err != nil {
			continue
		}
		record := e.Record()
		trail := requestName(record)
		if record.ErrorCode == "" && (trail == item.Resource.ARN || strings.HasSuffix(item.Resource.ARN, ":trail/"+trail)) {
			return fmt.Sprintf("%s at %s from %s (LookupEvents)", record.UserIdentity.Person(), record.EventTime.UTC().Format(time.RFC3339), record.SourceIPAddress)
		}
	}
	return "unknown"
}

// timing tells how long it took, AWS's own delay apart.
func timing(env *event.Envelope, n playbook.Notice) notify.Section {
	s := notify.Section{Title: "How long it took"}
	if env != nil {
		s.Facts = append(s.Facts, notify.Fact{Label: "AWS delivered the event after", Value: n.Start.Received.Sub(env.Time).Round(time.Millisecond).String()})
	}
	if n.FirstCall > 0 {
		s.Facts = append(s.Facts, notify.Fact{Label: "Receipt to first change", Value: n.FirstCall.Round(10 * time.Microsecond).String()})
	}
	if n.Took > 0 {
		s.Facts = append(s.Facts, notify.Fact{Label: "Receipt to verified", Value: n.Took.Round(10 * time.Microsecond).String()})
	}
	if n.Recovered {
		s.Facts = append(s.Facts, notify.Fact{Value: "riposte was interrupted in between and finished after its restart."})
	}
	return s
}

// requestName is the trail that a call on a trail named.
func requestName(r *event.Record) string {
	var p struct{ Name string }
	if json.Unmarshal(r.RequestParameters, &p) != nil {
		return ""
	}
	return p.Name
}

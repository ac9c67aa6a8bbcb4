package detect

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/event"
	"riposte.dev/finding"
)

// maxResourceID and maxResources are ASFF's limits
// (https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resources-attributes.html).
const (
	maxResourceID = 512
	maxResources  = 32
)

// match fills the rule's templates. The error is about the playbook's input alone.
func (r *Rule) match(s *scope) (Match, error) {
	m := Match{Rule: r, Title: r.title.expand(s)}
	affected := map[string]string{}
	if r.Finding != nil {
		m.Title = r.Finding.Title.expand(s)
		m.Resources = r.Finding.resources(s, affected)
	}
	if len(m.Resources) == 0 {
		m.Resources = resourcesOf(s.env)
	}
	if r.Finding != nil {
		m.Finding = r.draft(s, m, affected)
		m.FindingID = r.findingID(s)
	}
	if r.Respond == nil {
		return m, nil
	}
	if e := r.Respond.Escalate; e != nil {
		m.escalation, m.escalationErr = e.input.resolve(s)
	}
	var err error
	m.Input, err = r.Respond.input.resolve(s)
	return m, err
}

// resources fills the templates; one whose event lacks the id is left out.
func (t *FindingTemplate) resources(s *scope, affected map[string]string) []finding.Resource {
	var resources []finding.Resource
	for _, res := range t.Resources {
		id, absent := res.ID.arn(s)
		if absent != "" || id == "" {
			continue
		}
		id = oneLine(id, maxResourceID)
		resources = append(resources, finding.Resource{Type: res.Type, ID: id, Partition: Partition(s.env.Region), Region: s.env.Region})
		if res.Affected != "" {
			affected[res.Affected] = id
		}
	}
	return resources
}

// resourcesOf returns what an event itself says that it is about: its resources, else its account.
func resourcesOf(env *event.Envelope) []finding.Resource {
	var resources []finding.Resource
	for _, id := range env.Resources {
		if id != "" && len(resources) < maxResources {
			resources = append(resources, finding.Resource{Type: "Other", ID: oneLine(id, maxResourceID),
				Partition: Partition(env.Region), Region: env.Region})
		}
	}
	if len(resources) == 0 {
		resources = append(resources, finding.Resource{Type: "AwsAccount", ID: "AWS::::Account:" + env.Account,
			Partition: Partition(env.Region), Region: env.Region})
	}
	return resources
}

func (r *Rule) draft(s *scope, m Match, affected map[string]string) *finding.Draft {
	d := &finding.Draft{
		Rule: r.ID, Cause: s.root(), Partition: Partition(s.env.Region), Region: s.env.Region, Account: s.env.Account,
		Types: []string{r.Finding.Type}, Severity: r.Severity, Title: m.Title, Description: r.Finding.Description.expand(s),
		Remediation: r.Finding.Remediation, Resources: m.Resources, Affected: affected, Fields: r.Tags.fields(), Observed: s.env.Time,
	}
	if s.record != nil {
		d.Action = apiCall(s.record, affected)
	}
	return d
}

// findingID follows from rule and cause, or from rule, account, region and the group's text: then every event of the group
// updates one finding. Where the event lacks a part of the group, it is alone.
func (r *Rule) findingID(s *scope) string {
	if r.Finding.Group != nil {
		if text, absent := r.Finding.Group.exact(s); absent == "" {
			return finding.ID(r.ID, event.Cause(strings.Join([]string{"group", s.env.Account, s.env.Region, text}, "|")))
		}
	}
	return finding.ID(r.ID, s.root())
}

// fields are the tags as ProductFields.
func (t Tags) fields() map[string]string {
	fields := map[string]string{}
	for _, version := range slices.Sorted(maps.Keys(t.CIS)) {
		fields["riposte/Tags/CIS/"+version] = strings.Join(t.CIS[version], ",")
	}
	if len(t.ATTACK) > 0 {
		fields["riposte/Tags/ATTACK"] = strings.Join(t.ATTACK, ",")
	}
	return fields
}

// apiCall describes a CloudTrail record as ASFF's Action
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsApiCallAction.html).
func apiCall(r *event.Record, affected map[string]string) *finding.Action {
	call := &finding.AwsAPICallAction{API: r.EventName, ServiceName: r.EventSource, CallerType: "domain",
		FirstSeen: finding.Time(r.EventTime), LastSeen: finding.Time(r.EventTime)}
	if len(affected) > 0 {
		call.AffectedResources = maps.Clone(affected)
	}
	if addr, ok := sourceAddress(r); ok {
		call.CallerType = "remoteip"
		if addr.Is4() { // the format has no place for an IPv6 address here; Network has
			call.RemoteIPDetails = &finding.RemoteIPDetails{IPAddressV4: addr.String()}
		}
	}
	return &finding.Action{ActionType: "AWS_API_CALL", AwsAPICallAction: call}
}

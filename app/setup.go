package app

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/detect"
	"riposte.dev/fault"
	"riposte.dev/iam"
	"riposte.dev/playbook"
	"riposte.dev/target"
)

// setup is what a configuration enables in an account, for the policies of riposte's role there. account "" is riposte's own.
func setup(c Config, force *inForce, actions playbook.Actions, account, region string) (iam.Setup, error) {
	own := cmp.Or(arnPart(c.AWS.Responder, 4), ownAccount(c))
	home := account == "" || account == own
	s := iam.Setup{Partition: cmp.Or(arnPart(c.AWS.Responder, 1), "aws"), Account: cmp.Or(account, own), Lookup: true}
	if s.Account == "" {
		return s, fault.New(fault.Invalid, "the configuration does not say which account riposte runs in").
			WithHint("pass --account with its 12 digits, or set aws.responder")
	}
	if home {
		s.Principal = c.AWS.Responder
	}
	var err error
	if s.Responses, err = responses(force, actions); err != nil {
		return s, err
	}
	here := func(of string) bool { return of == s.Account || of == "" && home }
	regionOf := func(r string) string { return cmp.Or(r, c.AWS.Region, region, "*") }
	arn := func(service, region, resource string) string {
		return strings.Join([]string{"arn", s.Partition, service, region, s.Account, resource}, ":")
	}
	for _, q := range c.Sources.SQS {
		if queue := queueARN(s.Partition, q, regionOf(q.Region)); here(cmp.Or(q.Account, arnPart(queue, 4))) {
			s.Queues = append(s.Queues, queue)
		}
	}
	for _, b := range c.Sources.Buckets {
		if here(b.Account) {
			s.Buckets = append(s.Buckets, iam.Bucket{Name: b.Name, Prefix: b.Prefix})
		}
	}
	for _, g := range c.Sources.Logs {
		if here(g.Account) {
			s.LogGroups = append(s.LogGroups, arn("logs", regionOf(g.Region), "log-group:"+g.Name))
		}
	}
	for _, k := range c.Sources.Kinesis {
		if here(k.Account) {
			s.Streams = append(s.Streams, arn("kinesis", regionOf(k.Region), "stream/"+k.Stream))
		}
	}
	if b := c.Audit.bucket(); b != nil && here(b.Account) {
		s.Anchors = append(s.Anchors, iam.Bucket{Name: b.Name, Prefix: b.Prefix})
	}
	if !home {
		return s, nil
	}
	for _, topic := range c.Notify.Topics {
		s.Topics = append(s.Topics, topic)
	}
	slices.Sort(s.Topics)
	if s.Targets, err = targetNeeds(force.rules); err != nil {
		return s, err
	}
	if s.Calls, err = callNeeds(force, Resources()); err != nil {
		return s, err
	}
	for _, m := range c.AWS.Accounts {
		s.Members = append(s.Members, m.Role)
	}
	if o := c.AWS.Organization; o != nil {
		s.Organizations = true
		s.AccountTags = slices.ContainsFunc(force.rules.Rules(), func(r *detect.Rule) bool { return len(r.Scope.Except.Tags) > 0 })
		s.Members = append(s.Members, "arn:"+s.Partition+":iam::*:role/"+o.Role)
		if o.Manager != "" {
			s.Members = append(s.Members, o.Manager)
		}
	}
	return s, nil
}

// responses are the actions of the playbooks that the rules in force start, each once, by name.
func responses(force *inForce, actions playbook.Actions) ([]iam.Response, error) {
	used := map[string]iam.Response{}
	for _, machine := range playbooksInForce(force) {
		for _, state := range machine.All() {
			name, ok := strings.CutPrefix(state.Resource, playbook.ActionResource)
			if state.Type != asl.Task || !ok {
				continue
			}
			a, err := actions.Action(name)
			if err != nil {
				return nil, err
			}
			used[name] = response(a.Spec())
		}
	}
	var list []iam.Response
	for _, name := range slices.Sorted(maps.Keys(used)) {
		list = append(list, used[name])
	}
	return list, nil
}

func response(spec action.Spec) iam.Response {
	r := iam.Response{Name: spec.Name, Permissions: spec.Permissions, Within: map[string]iam.Limit{}}
	for permission, limit := range spec.Within {
		r.Within[permission] = iam.Limit{Resources: limit.Resources, Conditions: limit.Conditions}
	}
	return r
}

// playbooksInForce are the playbooks that the rules in force start.
func playbooksInForce(force *inForce) []*asl.Machine {
	var machines []*asl.Machine
	for _, r := range force.rules.Rules() {
		if r.Respond == nil {
			continue
		}
		machines = append(machines, force.playbooks[r.Respond.Playbook])
		if e := r.Respond.Escalate; e != nil {
			machines = append(machines, force.playbooks[e.Playbook])
		}
	}
	return machines
}

// targetNeeds are what sending to the targets of rules needs of riposte's own role; a target with a role of its own is sent
// to as that role, which is assumed.
func targetNeeds(rules *detect.RuleSet) ([]iam.Need, error) {
	const why = "send to targets"
	var needs []iam.Need
	for _, r := range rules.Rules() {
		for _, t := range r.Targets {
			permissions, err := target.Permissions(&t)
			if err != nil {
				return nil, err
			}
			for _, p := range permissions {
				if p.Role == "" {
					needs = append(needs, iam.Need{Actions: p.Actions, Resources: p.Resources, Conditions: p.Conditions, Why: why})
				}
			}
		}
	}
	return needs, nil
}

// queueARN makes the ARN of a queue of its URL.
func queueARN(partition string, q QueueConfig, region string) string {
	u, err := url.Parse(q.URL)
	if err != nil {
		return ""
	}
	account, name, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if parts := strings.Split(u.Hostname(), "."); len(parts) > 2 && parts[0] == "sqs" {
		region = parts[1]
	}
	return strings.Join([]string{"arn", partition, "sqs", region, account, name}, ":")
}

// arnPart is the nth part of an ARN, "" where there is none.
func arnPart(arn string, n int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[n]
}

// ownAccount guesses riposte's account by its queues, where they all say the same.
func ownAccount(c Config) string {
	found := ""
	for _, q := range c.Sources.SQS {
		account := arnPart(queueARN("aws", q, "*"), 4)
		if found != "" && found != account {
			return ""
		}
		found = account
	}
	return found
}

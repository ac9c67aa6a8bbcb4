package sandbox

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// simulation is what SimulatePrincipalPolicy evaluates, action by action
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
type simulation struct {
	sources    []policySource // of the identity
	boundaries []*policy.Document
	resource   *policy.Document // policy on the resource, nil without
	caller     policy.Request   // who asks, with the context
}

// policySource is a policy and where it comes from.
type policySource struct {
	id, kind string
	document *policy.Document
}

func simulated(c *call) []string { return []string{c.in.str("PolicySourceArn")} }

var simulatedAction = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9]+$`)

// maxEvaluations is the most combinations of actions and resources in a call.
const maxEvaluations = 10_000

func simulatePrincipalPolicy(c *call) (wire.Object, error) {
	sim, err := c.newSimulation()
	if err != nil {
		return nil, err
	}
	actions, resources := c.in.strs("ActionNames"), c.in.strs("ResourceArns")
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	if len(actions)*len(resources) > maxEvaluations {
		return nil, wire.Errorf("InvalidInputException", "The sandbox simulates at most %d combinations of actions and resources in a call.", maxEvaluations)
	}
	var requests []policy.Request
	for _, action := range actions {
		if !simulatedAction.MatchString(action) {
			return nil, wire.Errorf("InvalidInputException", "Invalid Action: %s", action)
		}
		for _, resource := range resources {
			req := sim.caller
			req.Action, req.Resource = action, resource
			requests = append(requests, req)
		}
	}
	return iamPage(c, "EvaluationResults", requests, func(req policy.Request) any { return sim.evaluate(&req) })
}

func (c *call) newSimulation() (*simulation, error) {
	sim := &simulation{}
	if err := c.simulateAs(sim); err != nil {
		return nil, err
	}
	for i, text := range c.in.strs("PolicyInputList") {
		doc, err := parseInput(text)
		if err != nil {
			return nil, err
		}
		sim.sources = append(sim.sources, policySource{"PolicyInputList." + strconv.Itoa(i+1), "none", doc})
	}
	for _, text := range c.in.strs("PermissionsBoundaryPolicyInputList") {
		doc, err := parseInput(text)
		if err != nil {
			return nil, err
		}
		sim.boundaries = append(sim.boundaries, doc)
	}
	if text := c.in.str("ResourcePolicy"); text != "" {
		doc, err := parseInput(text)
		if err != nil {
			return nil, err
		}
		sim.resource = doc
	}
	for _, e := range c.in.objects("ContextEntries") {
		sim.caller.Context[strings.ToLower(e.str("ContextKeyName"))] = e.strs("ContextKeyValues")
	}
	return sim, nil
}

func parseInput(text string) (*policy.Document, error) {
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		return nil, wire.Errorf("InvalidInputException", "%v", err)
	}
	return doc, nil
}

// simulateAs takes the policies and the context of the user or role that the
// input names.
func (c *call) simulateAs(sim *simulation) error {
	source, ids := c.in.str("PolicySourceArn"), c.identities()
	_, account, entity, ok := cutARN(source, "iam", "")
	kind, name, ok2 := strings.Cut(entity, "/")
	if !ok || !ok2 || kind != "user" && kind != "role" {
		return wire.Errorf("InvalidInputException", "Invalid Entity Arn: %s does not clearly define entity type and name.", source)
	}
	name = name[strings.LastIndex(name, "/")+1:]
	missing := wire.Errorf("NoSuchEntityException", "The %s with name %s cannot be found.", kind, name)
	if account != c.account.id {
		return missing
	}
	now := c.time.UTC()
	sim.caller = policy.Request{PrincipalARN: source, AccountID: account, Context: policy.Context{
		"aws:principalarn": {source}, "aws:principalaccount": {account},
		"aws:currenttime": {now.Format(time.RFC3339)}, "aws:epochtime": {strconv.FormatInt(now.Unix(), 10)},
	}}
	ctx := sim.caller.Context
	var tags, inline map[string]string
	var attached []string
	if kind == "user" {
		u := ids.users[name]
		if u == nil || u.arn != source {
			return missing
		}
		ctx["aws:principaltype"], ctx["aws:username"], ctx["aws:userid"] = []string{"User"}, []string{u.name}, []string{u.id}
		tags, inline, attached = u.tags, u.inline, u.attached
		for _, g := range ids.groupsOf(u) {
			sim.add(ids, "group", g.name, g.inline, g.attached)
		}
	} else {
		r := ids.roles[name]
		if r == nil || r.arn != source {
			return missing
		}
		ctx["aws:principaltype"] = []string{"AssumedRole"}
		tags, inline, attached = r.tags, r.inline, r.attached
	}
	for k, v := range tags {
		ctx["aws:principaltag/"+strings.ToLower(k)] = []string{v}
	}
	sim.add(ids, kind, name, inline, attached)
	return nil
}

// add takes in the policies of a user, group or role.
func (sim *simulation) add(ids *identities, kind, name string, inline map[string]string, attached []string) {
	for _, n := range names(inline) {
		for _, doc := range documents(inline[n]) {
			sim.sources = append(sim.sources, policySource{kind + "_" + name + "_" + n, kind, doc})
		}
	}
	for _, a := range attached {
		from := "user-managed"
		if ids.managed[a] == nil {
			from = "aws-managed"
		}
		for _, doc := range documents(ids.document(a)) {
			sim.sources = append(sim.sources, policySource{a[strings.LastIndex(a, "/")+1:], from, doc})
		}
	}
}

var decisionName = map[policy.Decision]string{
	policy.Allowed: "allowed", policy.ImplicitDeny: "implicitDeny", policy.ExplicitDeny: "explicitDeny",
}

// evaluate is the result for one action on one resource.
func (sim *simulation) evaluate(req *policy.Request) any {
	sources := sim.sources
	if sim.resource != nil {
		sources = append(slices.Clone(sources), policySource{"ResourcePolicy", "resource", sim.resource})
	}
	decision := policy.ImplicitDeny
	for _, s := range sources {
		// An explicit deny is the strongest.
		decision = max(decision, policy.Evaluate([]*policy.Document{s.document}, req))
	}
	matched := wire.List{}
	for _, s := range sources {
		if decision != policy.ImplicitDeny && policy.Evaluate([]*policy.Document{s.document}, req) == decision {
			matched = append(matched, wire.Object{"SourcePolicyId": s.id, "SourcePolicyType": s.kind})
		}
	}
	out := wire.Object{"EvalActionName": req.Action, "EvalResourceName": req.Resource, "MatchedStatements": matched}
	if len(sim.boundaries) > 0 {
		within := policy.Evaluate(sim.boundaries, req)
		out["PermissionsBoundaryDecisionDetail"] = wire.Object{"AllowedByPermissionsBoundary": within == policy.Allowed}
		switch {
		case within == policy.ExplicitDeny:
			decision = policy.ExplicitDeny
		case within == policy.ImplicitDeny && decision == policy.Allowed:
			decision = policy.ImplicitDeny
		}
	}
	out["EvalDecision"], out["MissingContextValues"] = decisionName[decision], strList(sim.missing(req))
	return out
}

// missing are the condition keys that policies ask for and the context lacks.
func (sim *simulation) missing(req *policy.Request) []string {
	keys := map[string]bool{}
	for _, s := range sim.sources {
		for _, st := range s.document.Statements {
			for _, cond := range st.Conditions {
				if _, known := req.Context[cond.Key]; !known {
					keys[cond.Key] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

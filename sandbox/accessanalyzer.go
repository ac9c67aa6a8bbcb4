package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// analyzerService answers for analyzers of external access, and analyses
// nothing (https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamaccessanalyzer.html.
func analyzerService() *service {
	resources := func(c *call) []string { return []string{c.arn("analyzer/" + c.in.str("analyzerName"))} }
	return &service{
		name: "accessanalyzer", prefix: "access-analyzer",
		operations: []operation{
			{name: "CreateAnalyzer", resources: resources, also: analyzerNeeds, handle: createAnalyzer},
			{name: "GetAnalyzer", resources: resources, handle: getAnalyzer},
			{name: "ListAnalyzers", handle: listAnalyzers},
			{name: "DeleteAnalyzer", resources: resources, handle: deleteAnalyzer},
		},
	}
}

var analyzerRole = linkedRole{"access-analyzer.amazonaws.com", "AWSServiceRoleForAccessAnalyzer"}

func analyzerNeeds(c *call) []need {
	needs := analyzerRole.needs(c)
	if c.in.has("tags") {
		needs = append(needs, need{"access-analyzer:TagResource", c.arn("analyzer/" + c.in.str("analyzerName"))})
	}
	return needs
}

// analyzers are those of an account in a region, by name. One is replaced,
// never changed.
type analyzers struct{ byName map[string]*analyzer }

type analyzer struct {
	name, arn, kind, status string
	created                 time.Time
	tags                    wire.Object
}

func newAnalyzers() *analyzers { return &analyzers{map[string]*analyzer{}} }

func (s *analyzers) clone() stater { return &analyzers{maps.Clone(s.byName)} }

func (c *call) analyzers() *analyzers {
	return stateOf(c, stateKey{"accessanalyzer", c.account.id, c.region}, newAnalyzers)
}

func (c *call) analyzer() (*analyzer, error) {
	name := c.in.str("analyzerName")
	a := c.analyzers().byName[name]
	if a == nil {
		return nil, &wire.Error{
			Code: "ResourceNotFoundException", Message: "Analyzer not found: " + name,
			Fields: map[string]string{"resourceId": name, "resourceType": "ANALYZER"},
		}
	}
	return a, nil
}

// createAnalyzer knows the quota of one analyzer of each kind.
func createAnalyzer(c *call) (wire.Object, error) {
	s, name, kind := c.analyzers(), c.in.str("analyzerName"), c.in.str("type")
	if s.byName[name] != nil {
		return nil, &wire.Error{
			Code: "ConflictException", Message: "An analyzer with the name " + name + " already exists.",
			Fields: map[string]string{"resourceId": name, "resourceType": "ANALYZER"},
		}
	}
	for _, a := range s.byName {
		if a.kind == kind {
			return nil, &wire.Error{
				Code: "ServiceQuotaExceededException", Message: "The maximum number of analyzers of type " + kind + " is 1.",
				Fields: map[string]string{"resourceId": name, "resourceType": "ANALYZER"},
			}
		}
	}
	if o := c.sb.org; strings.HasPrefix(kind, "ORGANIZATION") && (o == nil || o.management != c.account.id) {
		return nil, wire.Errorf("ValidationException", "You must create an organization before you can create an organization analyzer.")
	}
	analyzerRole.make(c)
	a := &analyzer{name: name, arn: c.arn("analyzer/" + name), kind: kind, status: "ACTIVE", created: c.time.UTC(), tags: wire.Object(c.in.object("tags"))}
	s.byName[name] = a
	return wire.Object{"arn": a.arn}, nil
}

func (a *analyzer) describe() wire.Object {
	tags := a.tags
	if tags == nil {
		tags = wire.Object{}
	}
	return wire.Object{"arn": a.arn, "name": a.name, "type": a.kind, "createdAt": a.created, "status": a.status, "tags": tags}
}

func getAnalyzer(c *call) (wire.Object, error) {
	a, err := c.analyzer()
	if err != nil {
		return nil, err
	}
	return wire.Object{"analyzer": a.describe()}, nil
}

func listAnalyzers(c *call) (wire.Object, error) {
	s, kind := c.analyzers(), c.in.str("type")
	var fitting []*analyzer
	for _, name := range slices.Sorted(maps.Keys(s.byName)) {
		if a := s.byName[name]; kind == "" || a.kind == kind {
			fitting = append(fitting, a)
		}
	}
	page, next, err := paginate(c, fitting, c.in.str("nextToken"), c.in.number("maxResults", 100))
	if err != nil {
		return nil, &wire.Error{Code: "ValidationException", Message: "Invalid pagination token", Fields: map[string]string{"reason": "other"}}
	}
	out := wire.Object{"analyzers": list(page, func(a *analyzer) any { return a.describe() })}
	put(out, "nextToken", next)
	return out, nil
}

func deleteAnalyzer(c *call) (wire.Object, error) {
	a, err := c.analyzer()
	if err != nil {
		return nil, err
	}
	delete(c.analyzers().byName, a.name)
	return nil, nil
}

// FailAnalyzer makes an analyzer one that failed, as where AWS could not make
// its role, and reports whether there is one.
func (s *Sandbox) FailAnalyzer(account, region, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := liveState(s, stateKey{"accessanalyzer", account, region}, newAnalyzers)
	a := all.byName[name]
	if a == nil {
		return false
	}
	failed := *a
	failed.status = "FAILED"
	all.byName[name] = &failed
	return true
}

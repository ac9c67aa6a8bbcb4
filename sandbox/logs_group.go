package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

func createLogGroup(c *call) (wire.Object, error) {
	name, all := c.in.str("logGroupName"), c.logs()
	if all.byName[name] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	all.byName[name] = &logsGroup{account: c.account.id, region: c.region, name: name, created: c.time.UTC(), streams: map[string]*logsStream{}, tags: c.in.object("tags")}
	c.subject("AWS::Logs::LogGroup", name)
	return nil, nil
}

func deleteLogGroup(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	delete(c.logs().byName, g.name)
	c.subject("AWS::Logs::LogGroup", g.name)
	return nil, nil
}

func describeLogGroups(c *call) (wire.Object, error) {
	prefix, pattern := c.in.str("logGroupNamePrefix"), c.in.str("logGroupNamePattern")
	if prefix != "" && pattern != "" {
		return nil, invalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	groups := byName(c.logs().byName, func(g *logsGroup) bool {
		return strings.HasPrefix(g.name, prefix) && strings.Contains(strings.ToLower(g.name), strings.ToLower(pattern))
	})
	return logsPage(c, "logGroups", groups, (*logsGroup).describe)
}

// logsPage is a page of a Describe answer.
func logsPage[T any](c *call, name string, items []T, each func(T) any) (wire.Object, error) {
	page, next, err := paginate(c, items, c.in.str("nextToken"), c.in.number("limit", 50))
	if err != nil {
		return nil, invalidParameter("The specified nextToken is invalid.")
	}
	out := wire.Object{name: list(page, each)}
	put(out, "nextToken", next)
	return out, nil
}

var logsStreamName = form(`^[^:*]{1,512}$`)

func createLogStream(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	name := c.in.str("logStreamName")
	switch {
	case !logsStreamName().MatchString(name):
		return nil, invalidParameter("1 validation error detected: Value '%s' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*", name)
	case g.streams[name] != nil:
		return nil, wire.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	g.streams[name] = &logsStream{name: name, created: c.time.UTC()}
	c.subject("AWS::Logs::LogStream", name)
	return nil, nil
}

func describeLogStreams(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	prefix, byTime := c.in.str("logStreamNamePrefix"), c.in.str("orderBy") == "LastEventTime"
	if prefix != "" && byTime {
		return nil, invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	streams := byName(g.streams, func(st *logsStream) bool { return strings.HasPrefix(st.name, prefix) })
	if byTime {
		slices.SortStableFunc(streams, func(a, b *logsStream) int { return cmp.Compare(a.last(), b.last()) })
	}
	if c.in.flag("descending", false) {
		slices.Reverse(streams)
	}
	return logsPage(c, "logStreams", streams, g.describeStream)
}

// last is the time of the last event in milliseconds, 0 without.
func (st *logsStream) last() int64 {
	if len(st.events) == 0 {
		return 0
	}
	return st.events[len(st.events)-1].at
}

func putRetentionPolicy(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	days := c.in.number("retentionInDays", 0)
	allowed := []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	if !slices.Contains(allowed, days) {
		return nil, invalidParameter("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", days, allowed)
	}
	g.retention = days
	return nil, nil
}

func deleteRetentionPolicy(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err == nil {
		g.retention = 0
	}
	return nil, err
}

func taggedLogs(c *call) []string { return []string{c.in.str("resourceArn")} }

// listLogsTags takes the ARN of a group without the ":*" that others have
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html).
func listLogsTags(c *call) (wire.Object, error) {
	for _, g := range c.logs().byName {
		if strings.TrimSuffix(g.arn(), ":*") == c.in.str("resourceArn") {
			return wire.Object{"tags": wire.Object(maps.Clone(g.tags))}, nil
		}
	}
	return nil, wire.Errorf("ResourceNotFoundException", "The specified resource does not exist.")
}

// maxLogsPolicies is the most resource policies of an account in a region.
const maxLogsPolicies = 10

func putLogsPolicy(c *call) (wire.Object, error) {
	name, text, all := c.in.str("policyName"), c.in.str("policyDocument"), c.logs()
	if _, err := policy.Parse([]byte(text)); name == "" || err != nil {
		return nil, invalidParameter("The given policy document is not valid: %v", err)
	}
	if _, known := all.policies[name]; !known && len(all.policies) >= maxLogsPolicies {
		return nil, wire.Errorf("LimitExceededException", "Resource limit exceeded.")
	}
	all.policies[name] = logsPolicy{document: text, updated: c.time.UTC()}
	return wire.Object{"resourcePolicy": all.describePolicy(name)}, nil
}

func (s *logsState) describePolicy(name string) any {
	p := s.policies[name]
	return wire.Object{"policyName": name, "policyDocument": p.document, "lastUpdatedTime": p.updated.UnixMilli()}
}

func describeLogsPolicies(c *call) (wire.Object, error) {
	return logsPage(c, "resourcePolicies", slices.Sorted(maps.Keys(c.logs().policies)), c.logs().describePolicy)
}

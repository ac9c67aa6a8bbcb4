package sandbox

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// trails is CloudTrail's state of an account, of all regions.
type trails struct{ byKey map[trailKey]*trail }

type trailKey struct{ region, name string }

type trail struct {
	account, name, home, arn       string
	bucket, prefix                 string
	topic, topicARN                string
	logGroup, logRole, kmsKey      string
	global, multi, validation, org bool
	selectors, advanced            wire.List
	tags                           map[string]string
	logging                        bool
	created, started, stopped      time.Time
	log                            *trailLog
}

func newTrails() *trails { return &trails{byKey: map[trailKey]*trail{}} }

func (s *trails) clone() stater {
	out := newTrails()
	for k, t := range s.byKey {
		c := *t
		// Selectors are replaced as a whole, never changed.
		c.tags = maps.Clone(t.tags)
		out.byKey[k] = &c
	}
	return out
}

func (c *call) trails() *trails {
	return stateOf(c, stateKey{"cloudtrail", c.account.id, ""}, newTrails)
}

// managementTrails are those of the organisation's management account, nil
// unless the caller is in another account of it.
func (c *call) managementTrails() *trails {
	o := c.sb.org
	if o == nil || !o.has(c.account.id) || o.management == c.account.id {
		return nil
	}
	return liveState(c.sb, stateKey{"cloudtrail", o.management, ""}, newTrails)
}

// visible lists the trails that the account sees in the call's region: its
// own, the shadows of multi-region ones, and the organisation's; by name.
func (c *call) visible(shadows bool) []*trail {
	var out []*trail
	add := func(s *trails, orgOnly bool) {
		for _, t := range s.byKey {
			here := t.home == c.region || t.multi && shadows
			if here && (t.org || !orgOnly) {
				out = append(out, t)
			}
		}
	}
	add(c.trails(), false)
	if m := c.managementTrails(); m != nil {
		add(m, true)
	}
	slices.SortFunc(out, func(a, b *trail) int {
		if x := strings.Compare(a.name, b.name); x != 0 {
			return x
		}
		return strings.Compare(a.arn, b.arn)
	})
	return out
}

// trailName is the rule of
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html.
var (
	trailName  = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9]|[._-][A-Za-z0-9])*$`)
	ipv4       = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`)
	trailARNRE = regexp.MustCompile(`^arn:aws:cloudtrail:([a-z0-9-]+):([0-9]{12}):trail/(.+)$`)
)

func checkTrailName(name string) error {
	switch {
	case len(name) < 3:
		return wire.Errorf("InvalidTrailNameException", "Trail name too short. Minimum allowed length: 3 characters. Specified name length: %d characters.", len(name))
	case len(name) > 128:
		return wire.Errorf("InvalidTrailNameException", "Trail name too long. Maximum allowed length: 128 characters. Specified name length: %d characters.", len(name))
	case !trailName.MatchString(name) || ipv4.MatchString(name):
		return wire.Errorf("InvalidTrailNameException", "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_), must start and end with a letter or number, and must not look like an IP address.")
	}
	return nil
}

func (c *call) unknownTrail(arn string) error {
	return wire.Errorf("TrailNotFoundException", "Unknown trail: %s for the user: %s", arn, c.account.id)
}

// find resolves a name or ARN to a trail that the account may look at from any
// region. A name means a trail of this account whose home is this region.
func (c *call) find(nameOrARN string) (*trail, error) {
	if !isARN(nameOrARN) {
		if err := checkTrailName(nameOrARN); err != nil {
			return nil, err
		}
		if t := c.trails().byKey[trailKey{c.region, nameOrARN}]; t != nil {
			return t, nil
		}
		return nil, c.unknownTrail(c.trailARN(nameOrARN))
	}
	m := trailARNRE.FindStringSubmatch(nameOrARN)
	if m == nil {
		return nil, wire.Errorf("CloudTrailARNInvalidException", "The trail ARN %s is not valid; it has the form arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail.", nameOrARN)
	}
	state := c.trails()
	if m[2] != c.account.id {
		o := c.sb.org
		if o == nil || m[2] != o.management || !o.has(c.account.id) {
			return nil, c.foreignARN()
		}
		state = c.managementTrails()
	}
	t := state.byKey[trailKey{m[1], m[3]}]
	if t == nil || t.account != c.account.id && !t.org {
		return nil, c.unknownTrail(nameOrARN)
	}
	return t, nil
}

func (c *call) foreignARN() error {
	return wire.Errorf("CloudTrailARNInvalidException", "AccountID in ARN is wrong, you can only access resources with AccountID %s.", c.account.id)
}

// own resolves a trail that the account may change from this region, which
// must be the trail's home. A name that here is the shadow of a multi-region
// trail gets the same refusal as an ARN of another region.
func (c *call) own(nameOrARN string) (*trail, error) {
	t, err := c.find(nameOrARN)
	if err != nil && !isARN(nameOrARN) {
		for _, shadow := range c.trails().byKey {
			if shadow.name == nameOrARN && shadow.multi {
				t, err = shadow, nil
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if t.account != c.account.id {
		return nil, wire.Errorf("NotOrganizationMasterAccountException", "The trail %s belongs to the organization; only its management account can change it.", t.arn)
	}
	if t.home != c.region {
		return nil, wire.Errorf("InvalidHomeRegionException", "The home region of the trail %s is %s: call from there.", t.arn, t.home)
	}
	c.subject("AWS::CloudTrail::Trail", t.arn)
	c.subject("AWS::CloudTrail::Trail", t.name)
	return t, nil
}

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }

// put sets a member of an output unless the value is empty.
func put(o wire.Object, name, value string) {
	if value != "" {
		o[name] = value
	}
}

// settings are the members that CreateTrail, UpdateTrail and Trail share.
func (t *trail) settings() wire.Object {
	o := wire.Object{
		"Name": t.name, "S3BucketName": t.bucket, "IncludeGlobalServiceEvents": t.global, "IsMultiRegionTrail": t.multi,
		"TrailARN": t.arn, "LogFileValidationEnabled": t.validation, "IsOrganizationTrail": t.org,
	}
	put(o, "S3KeyPrefix", t.prefix)
	put(o, "SnsTopicName", t.topicARN)
	put(o, "SnsTopicARN", t.topicARN)
	put(o, "CloudWatchLogsLogGroupArn", t.logGroup)
	put(o, "CloudWatchLogsRoleArn", t.logRole)
	put(o, "KmsKeyId", t.kmsKey)
	return o
}

// describe is the Trail structure.
func (t *trail) describe() wire.Object {
	o := t.settings()
	o["HomeRegion"], o["HasInsightSelectors"] = t.home, false
	o["HasCustomEventSelectors"] = t.selectors != nil || t.advanced != nil
	return o
}

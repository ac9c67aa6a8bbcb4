package sandbox

import (
	"riposte.dev/sandbox/wire"
)

// maxTrails is the quota of trails in a region.
const maxTrails = 5

func createTrail(c *call) (wire.Object, error) {
	name := c.in.str("Name")
	if err := checkTrailName(name); err != nil {
		return nil, err
	}
	state, homes := c.trails(), 0
	for _, t := range state.byKey {
		if t.home == c.region {
			homes++
		}
		if t.name == name && (t.home == c.region || t.multi || c.in.flag("IsMultiRegionTrail", false)) {
			return nil, wire.Errorf("TrailAlreadyExistsException", "Trail %s already exists for customer: %s", name, c.account.id)
		}
	}
	if homes >= maxTrails {
		return nil, wire.Errorf("MaximumNumberOfTrailsExceededException", "User: %s already has %d trails in %s.", c.account.id, maxTrails, c.region)
	}
	t := &trail{account: c.account.id, name: name, home: c.region, arn: c.trailARN(name), global: true, tags: map[string]string{}, created: c.time, log: newTrailLog()}
	for _, tag := range c.in.objects("TagsList") {
		t.tags[tag.str("Key")] = tag.str("Value")
	}
	if err := c.applyTrail(t); err != nil {
		return nil, err
	}
	state.byKey[trailKey{t.home, t.name}] = t
	c.subject("AWS::CloudTrail::Trail", t.arn)
	c.subject("AWS::CloudTrail::Trail", t.name)
	c.subject("AWS::S3::Bucket", t.bucket)
	return t.settings(), nil
}

func updateTrail(c *call) (wire.Object, error) {
	t, err := c.own(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	changed := *t
	if err := c.applyTrail(&changed); err != nil {
		return nil, err
	}
	if t.validation && !changed.validation {
		c.sb.endDigests(t, c.time)
	}
	begins := changed.validation && !t.validation
	*t = changed
	if begins {
		t.beginDigests(c.time)
	}
	return t.settings(), nil
}

// applyTrail sets what the input names and checks the result as a whole.
func (c *call) applyTrail(t *trail) error {
	set := func(name string, to *string) {
		if c.in.has(name) {
			*to = c.in.str(name)
		}
	}
	set("S3BucketName", &t.bucket)
	set("S3KeyPrefix", &t.prefix)
	set("CloudWatchLogsLogGroupArn", &t.logGroup)
	set("CloudWatchLogsRoleArn", &t.logRole)
	set("KmsKeyId", &t.kmsKey)
	set("SnsTopicName", &t.topic)
	t.topicARN = t.topic
	if t.topic != "" && !isARN(t.topic) {
		t.topicARN = arn("sns", t.home, t.account, t.topic)
	}
	t.global = c.in.flag("IncludeGlobalServiceEvents", t.global)
	t.multi = c.in.flag("IsMultiRegionTrail", t.multi)
	t.validation = c.in.flag("EnableLogFileValidation", t.validation)
	t.org = c.in.flag("IsOrganizationTrail", t.org)
	if t.multi && !t.global {
		return wire.Errorf("InvalidParameterCombinationException", "Multi-Region trail must include global service events.")
	}
	if (t.logGroup == "") != (t.logRole == "") {
		return wire.Errorf("InvalidParameterCombinationException", "CloudWatchLogsLogGroupArn and CloudWatchLogsRoleArn must be given together.")
	}
	if err := c.checkOrganization(t); err != nil {
		return err
	}
	if err := c.checkBucket(t); err != nil {
		return err
	}
	return c.checkTopic(t)
}

func (c *call) checkOrganization(t *trail) error {
	o := c.sb.org
	switch {
	case !t.org:
		return nil
	case o == nil || !o.has(c.account.id):
		return wire.Errorf("OrganizationsNotInUseException", "Your account is not a member of an organization.")
	case o.management != c.account.id:
		return wire.Errorf("NotOrganizationMasterAccountException", "Only the management account of the organization can create or update an organization trail.")
	}
	return nil
}

func deleteTrail(c *call) (wire.Object, error) {
	t, err := c.own(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	c.sb.endDigests(t, c.time)
	delete(c.trails().byKey, trailKey{t.home, t.name})
	return nil, nil
}

func describeTrails(c *call) (wire.Object, error) {
	shadows := c.in.flag("includeShadowTrails", true)
	names := c.in.strs("trailNameList")
	out := wire.List{}
	if len(names) == 0 {
		for _, t := range c.visible(shadows) {
			out = append(out, t.describe())
		}
		return wire.Object{"trailList": out}, nil
	}
	// Trails that are asked for and not there are left out, not refused.
	for _, n := range names {
		t, err := c.find(n)
		if err != nil {
			continue
		}
		if t.home == c.region || isARN(n) && shadows {
			out = append(out, t.describe())
		}
	}
	return wire.Object{"trailList": out}, nil
}

func getTrail(c *call) (wire.Object, error) {
	t, err := c.find(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	return wire.Object{"Trail": t.describe()}, nil
}

// listTrails lists the account's trails of all regions.
func listTrails(c *call) (wire.Object, error) {
	page, next, err := paginate(c, c.everyTrail(), c.in.str("NextToken"), 1000)
	if err != nil {
		return nil, wire.Errorf("InvalidNextTokenException", "The next token is invalid.")
	}
	out := wire.Object{"Trails": list(page, func(t *trail) any {
		return wire.Object{"Name": t.name, "TrailARN": t.arn, "HomeRegion": t.home}
	})}
	put(out, "NextToken", next)
	return out, nil
}

// everyTrail lists the trails of all regions that the account sees.
func (c *call) everyTrail() []*trail {
	var out []*trail
	for _, k := range sortedTrailKeys(c.trails()) {
		out = append(out, c.trails().byKey[k])
	}
	if m := c.managementTrails(); m != nil {
		for _, k := range sortedTrailKeys(m) {
			if t := m.byKey[k]; t.org {
				out = append(out, t)
			}
		}
	}
	return out
}

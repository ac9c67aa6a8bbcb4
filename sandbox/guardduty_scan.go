package sandbox

import (
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// malwareRole is that by which GuardDuty reads volumes
// (https://docs.aws.amazon.com/guardduty/latest/ug/slr-permissions-malware-protection.html).
var malwareRole = linkedRole{"malware-protection.guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDutyMalwareProtection"}

// malwareScan is a scan on demand, which is over at once and finds nothing.
type malwareScan struct {
	id, instance string // instance: ARN
	started      time.Time
	skipped      bool
}

// scanEvery is how long GuardDuty takes no other scan of an instance
// (https://docs.aws.amazon.com/guardduty/latest/ug/initiate-on-demand-scan-on-same-resource.html).
const scanEvery = time.Hour

func startMalwareScan(c *call) (wire.Object, error) {
	s, resource := c.guardduty(), c.in.str("ResourceArn")
	region, account, id, ok := cutARN(resource, "ec2", "instance/")
	n := liveState(c.sb, stateKey{"ec2", c.account.id, c.region}, func() *network { return &network{} })
	switch {
	case s.detector == nil || !s.detector.enabled:
		return nil, guarddutyRefuses("GuardDuty is not enabled for the current account")
	case !ok || region != c.region || account != c.account.id || n.instance(id) == nil:
		return nil, guarddutyRefuses("the resource " + resource + " does not exist")
	case slices.ContainsFunc(s.scans, func(m malwareScan) bool { return m.instance == resource && c.time.Sub(m.started) < scanEvery }):
		return nil, wire.Errorf("ConflictException", "A scan was started on this resource recently. You can request a scan on the same resource one hour after the previous scan start time.")
	}
	malwareRole.make(c)
	m := malwareScan{c.sb.newUUID(), resource, c.time.UTC(), n.instance(id).tags["GuardDutyExcluded"] == "true"}
	s.scans = append(s.scans[:len(s.scans):len(s.scans)], m)
	return wire.Object{"ScanId": m.id}, nil
}

// describeMalwareScans lists the latest first.
func describeMalwareScans(c *call) (wire.Object, error) {
	d, err := c.detector()
	if err != nil {
		return nil, err
	}
	var found []wire.Object
	for _, m := range slices.Backward(c.guardduty().scans) {
		fits := true
		for _, f := range c.in.object("FilterCriteria").objects("FilterCriterion") {
			if f.str("CriterionKey") != "EC2_INSTANCE_ARN" {
				return nil, guarddutyRefuses("the sandbox knows the criterion EC2_INSTANCE_ARN only")
			}
			fits = fits && f.object("FilterCondition").str("EqualsValue") == m.instance
		}
		if fits {
			found = append(found, m.describe(c, d))
		}
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), c.in.number("MaxResults", 50))
	if err != nil {
		return nil, guarddutyRefuses("the parameter nextToken has an invalid value")
	}
	out := wire.Object{"Scans": list(page, func(o wire.Object) any { return o })}
	put(out, "NextToken", next)
	return out, nil
}

func (m malwareScan) describe(c *call, d *detector) wire.Object {
	out := wire.Object{
		"DetectorId": d.id, "AdminDetectorId": d.id, "AccountId": c.account.id, "ScanId": m.id, "ScanType": "ON_DEMAND", "ScanStatus": "COMPLETED",
		"ScanStartTime": m.started, "ScanEndTime": m.started, "ResourceDetails": wire.Object{"InstanceArn": m.instance},
		"ScanResultDetails": wire.Object{"ScanResult": "CLEAN"},
	}
	if m.skipped {
		out["ScanStatus"], out["FailureReason"] = "SKIPPED", "EXCLUDED_BY_SCAN_SETTINGS"
		delete(out, "ScanResultDetails")
	}
	return out
}

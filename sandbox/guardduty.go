package sandbox

import (
	"encoding/hex"
	"time"

	"riposte.dev/sandbox/wire"
)

// guarddutyService answers for detectors, who manages them and scans for
// malware, and finds nothing (https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonguardduty.html.
func guarddutyService() *service {
	resources := func(c *call) []string { return []string{c.arn("detector/" + c.in.str("DetectorId"))} }
	return &service{
		name: "guardduty", prefix: "guardduty",
		operations: []operation{
			{name: "CreateDetector", also: func(c *call) []need { return append(guarddutyRole.needs(c), malwareNeeds(c)...) }, handle: createDetector},
			{name: "ListDetectors", handle: listDetectors},
			{name: "GetDetector", resources: resources, handle: getDetector},
			{name: "UpdateDetector", resources: resources, also: malwareNeeds, handle: updateDetector},
			{name: "DeleteDetector", resources: resources, handle: deleteDetector},
			{name: "GetAdministratorAccount", handle: getGuardDutyAdministrator},
			{name: "CreateMembers", handle: createGuardDutyMembers},
			{name: "StopMonitoringMembers", handle: stopMonitoringMembers},
			{name: "StartMalwareScan", also: malwareRole.needs, handle: startMalwareScan},
			{name: "DescribeMalwareScans", handle: describeMalwareScans},
		},
	}
}

var guarddutyRole = linkedRole{"guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDuty"}

// guardduty is the one detector that an account can have in a region, and its
// scans, the oldest first.
type guardduty struct {
	detector *detector
	scans    []malwareScan
}

type detector struct {
	id, role         string
	enabled          bool
	frequency        string
	created, updated time.Time
	administrator    string // account; "" for none
	members          []string
	features         map[string]feature // by name; never changed, but replaced
}

func newGuardDuty() *guardduty { return &guardduty{} }

func (s *guardduty) clone() stater {
	out := *s
	if s.detector != nil {
		d := *s.detector
		out.detector = &d
	}
	return &out
}

func (c *call) guardduty() *guardduty { return c.guarddutyOf(c.account.id) }

func (c *call) guarddutyOf(account string) *guardduty {
	return stateOf(c, stateKey{"guardduty", account, c.region}, newGuardDuty)
}

func guarddutyRefuses(why string) error {
	return wire.Errorf("BadRequestException", "The request is rejected because %s.", why)
}

func (c *call) detector() (*detector, error) {
	d := c.guardduty().detector
	if d == nil || d.id != c.in.str("DetectorId") {
		return nil, guarddutyRefuses("the input detectorId is not owned by the current account")
	}
	return d, nil
}

func (c *call) newDetector() *detector {
	return &detector{
		id: hex.EncodeToString(c.sb.randomBytes(16)), role: guarddutyRole.make(c), enabled: true, frequency: "SIX_HOURS",
		created: c.time.UTC(), updated: c.time.UTC(), features: newFeatures(),
	}
}

func createDetector(c *call) (wire.Object, error) {
	s := c.guardduty()
	if s.detector != nil {
		return nil, guarddutyRefuses("a detector already exists for the current account")
	}
	d := c.newDetector()
	if err := d.set(c); err != nil {
		return nil, err
	}
	s.detector = d
	return wire.Object{"DetectorId": d.id}, nil
}

func (d *detector) set(c *call) error {
	if err := d.setFeatures(c); err != nil {
		return err
	}
	d.enabled = c.in.flag("Enable", d.enabled)
	d.frequency = orElse(c.in.str("FindingPublishingFrequency"), d.frequency)
	d.updated = c.time.UTC()
	return nil
}

func listDetectors(c *call) (wire.Object, error) {
	ids := wire.List{}
	if d := c.guardduty().detector; d != nil {
		ids = append(ids, d.id)
	}
	return wire.Object{"DetectorIds": ids}, nil
}

func getDetector(c *call) (wire.Object, error) {
	d, err := c.detector()
	if err != nil {
		return nil, err
	}
	return wire.Object{
		"CreatedAt": d.created.Format(time.RFC3339), "UpdatedAt": d.updated.Format(time.RFC3339), "ServiceRole": d.role,
		"Status": guarddutyStatus(d.enabled), "FindingPublishingFrequency": d.frequency, "Tags": wire.Object{}, "Features": d.describeFeatures(),
		"DataSources": d.describeDataSources(),
	}, nil
}

// updateDetector leaves whether a member is watched, and by what, to its
// administrator
// (https://docs.aws.amazon.com/guardduty/latest/ug/administrator_member_relationships.html).
func updateDetector(c *call) (wire.Object, error) {
	d, err := c.detector()
	if err != nil {
		return nil, err
	}
	if d.administrator != "" && (c.in.flag("Enable", d.enabled) != d.enabled || c.in.has("Features") || c.in.has("DataSources")) {
		return nil, guarddutyRefuses("the current account is a member that account " + d.administrator + " manages")
	}
	return wire.Object{}, d.set(c)
}

func deleteDetector(c *call) (wire.Object, error) {
	d, err := c.detector()
	switch {
	case err != nil:
		return nil, err
	case d.administrator != "" || len(d.members) > 0:
		return nil, guarddutyRefuses("the current account cannot delete detector while it has invited or associated members")
	}
	c.guardduty().detector = nil
	return wire.Object{}, nil
}

func getGuardDutyAdministrator(c *call) (wire.Object, error) {
	d, err := c.detector()
	if err != nil || d.administrator == "" {
		return wire.Object{}, err
	}
	return wire.Object{"Administrator": wire.Object{"AccountId": d.administrator, "RelationshipStatus": "Enabled", "InvitedAt": d.created.Format(time.RFC3339)}}, nil
}

// createGuardDutyMembers joins accounts of the organisation, which need no
// invitation; the management account is the one that may.
func createGuardDutyMembers(c *call) (wire.Object, error) {
	d, err := c.detector()
	if err != nil {
		return nil, err
	}
	unprocessed := wire.List{}
	for _, m := range c.in.objects("AccountDetails") {
		id := m.str("AccountId")
		if o := c.sb.org; o == nil || o.management != c.account.id || !o.has(id) || id == c.account.id {
			unprocessed = append(unprocessed, wire.Object{"AccountId": id, "Result": "The request is rejected because the account is not a member of the organization."})
			continue
		}
		s := c.guarddutyOf(id)
		if s.detector == nil {
			s.detector = c.newDetector()
			s.detector.role = arn("iam", "", id, "role"+guarddutyRole.path()+guarddutyRole.name)
		}
		s.detector.administrator = c.account.id
		d.members = append(d.members[:len(d.members):len(d.members)], id)
	}
	return wire.Object{"UnprocessedAccounts": unprocessed}, nil
}

func stopMonitoringMembers(c *call) (wire.Object, error) {
	if _, err := c.detector(); err != nil {
		return nil, err
	}
	unprocessed := wire.List{}
	for _, id := range c.in.strs("AccountIds") {
		m := c.guarddutyOf(id).detector
		if m == nil || m.administrator != c.account.id {
			unprocessed = append(unprocessed, wire.Object{"AccountId": id, "Result": "The request is rejected because the given account ID is not an associated member of account the current account."})
			continue
		}
		m.enabled = false
	}
	return wire.Object{"UnprocessedAccounts": unprocessed}, nil
}

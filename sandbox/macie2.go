package sandbox

import (
	"time"

	"riposte.dev/sandbox/wire"
)

// macieService answers for whether Macie is on, and looks at no bucket
// (https://docs.aws.amazon.com/macie/latest/APIReference/macie.html). Actions
// are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmacie.html,
// none of which has a resource here.
func macieService() *service {
	return &service{
		name: "macie2", prefix: "macie2",
		operations: []operation{
			{name: "EnableMacie", also: macieRole.needs, handle: enableMacie},
			{name: "GetMacieSession", handle: getMacieSession},
			{name: "UpdateMacieSession", handle: updateMacieSession},
			{name: "DisableMacie", handle: disableMacie},
		},
	}
}

var macieRole = linkedRole{"macie.amazonaws.com", "AWSServiceRoleForAmazonMacie"}

// macie is that of an account in a region.
type macie struct {
	status           string // "" where it is off
	frequency        string
	created, updated time.Time
}

func newMacie() *macie { return &macie{} }

func (s *macie) clone() stater {
	out := *s
	return &out
}

// macie is the account's; unless it is on, an error.
func (c *call) macie() (*macie, error) {
	s := stateOf(c, stateKey{"macie2", c.account.id, c.region}, newMacie)
	if s.status == "" {
		return s, wire.Errorf("AccessDeniedException", "Macie is not enabled")
	}
	return s, nil
}

func enableMacie(c *call) (wire.Object, error) {
	s, err := c.macie()
	if err == nil {
		return nil, wire.Errorf("ConflictException", "Macie has already been enabled")
	}
	macieRole.make(c)
	s.created = c.time.UTC()
	s.status, s.frequency = "ENABLED", "FIFTEEN_MINUTES"
	s.set(c)
	return wire.Object{}, nil
}

func (s *macie) set(c *call) {
	s.status = orElse(c.in.str("status"), s.status)
	s.frequency = orElse(c.in.str("findingPublishingFrequency"), s.frequency)
	s.updated = c.time.UTC()
}

func getMacieSession(c *call) (wire.Object, error) {
	s, err := c.macie()
	if err != nil {
		return nil, err
	}
	return wire.Object{
		"createdAt": s.created, "updatedAt": s.updated, "status": s.status, "findingPublishingFrequency": s.frequency,
		"serviceRole": c.iamARN("role" + macieRole.path() + macieRole.name),
	}, nil
}

func updateMacieSession(c *call) (wire.Object, error) {
	s, err := c.macie()
	if err != nil {
		return nil, err
	}
	s.set(c)
	return wire.Object{}, nil
}

func disableMacie(c *call) (wire.Object, error) {
	s, err := c.macie()
	if err != nil {
		return nil, err
	}
	*s = macie{}
	return wire.Object{}, nil
}

package sandbox

import (
	"maps"

	"riposte.dev/sandbox/wire"
)

// accountService answers for alternate contacts
// (https://docs.aws.amazon.com/accounts/latest/reference/API_Operations.html).
func accountService() *service {
	rec := recordShape{capitals: true}
	return &service{
		name: "account", prefix: "account", global: true,
		operations: []operation{
			{name: "GetAlternateContact", resources: contactResource, handle: getAlternateContact, record: rec},
			{name: "PutAlternateContact", resources: contactResource, handle: putAlternateContact, record: rec},
			{name: "DeleteAlternateContact", resources: contactResource, handle: deleteAlternateContact, record: rec},
		},
	}
}

// contacts are the alternate contacts of an account, by type.
type contacts struct{ byType map[string]wire.Object }

func newContacts() *contacts { return &contacts{byType: map[string]wire.Object{}} }

func (s *contacts) clone() stater { return &contacts{byType: maps.Clone(s.byType)} }

// SetSecurityContact sets the account's alternate contact for security.
func (a *Account) SetSecurityContact(name, email, phone, title string) {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	liveState(a.sb, stateKey{"account", a.ID, ""}, newContacts).byType["SECURITY"] = wire.Object{
		"AlternateContactType": "SECURITY", "Name": name, "EmailAddress": email, "PhoneNumber": phone, "Title": title,
	}
}

// contactResource is the account itself, or a member of the organisation when
// the management account names one.
func contactResource(c *call) []string {
	id := c.in.str("AccountId")
	if o := c.sb.org; id != "" && o != nil {
		return []string{arn("account", "", o.management, "account/"+o.id+"/"+id)}
	}
	return []string{arn("account", "", c.account.id, "account")}
}

// contactsOf are the contacts of the account that the input means.
func (c *call) contactsOf() (*contacts, error) {
	id := c.in.str("AccountId")
	if id == "" {
		return stateOf(c, stateKey{"account", c.account.id, ""}, newContacts), nil
	}
	o := c.sb.org
	switch {
	case o == nil || o.management != c.account.id || !o.has(id):
		return nil, &wire.Error{Code: "AccessDeniedException", Record: "AccessDenied", Message: "User: " + c.caller.arn + " is not authorized to perform: " + c.op.action + " (You don't have permissions to access the requested resource)"}
	case id == o.management:
		return nil, wire.Errorf("ValidationException", "The management account must omit AccountId to manage its own contacts.")
	}
	return liveState(c.sb, stateKey{"account", id, ""}, newContacts), nil
}

func (c *call) contact() (*contacts, wire.Object, error) {
	s, err := c.contactsOf()
	if err != nil {
		return nil, nil, err
	}
	o, ok := s.byType[c.in.str("AlternateContactType")]
	if !ok {
		return nil, nil, wire.Errorf("ResourceNotFoundException", "No contact of the inputted alternate contact type found.")
	}
	return s, o, nil
}

func getAlternateContact(c *call) (wire.Object, error) {
	_, o, err := c.contact()
	if err != nil {
		return nil, err
	}
	return wire.Object{"AlternateContact": o}, nil
}

func putAlternateContact(c *call) (wire.Object, error) {
	s, err := c.contactsOf()
	if err != nil {
		return nil, err
	}
	o := wire.Object{}
	for _, name := range []string{"AlternateContactType", "Name", "EmailAddress", "PhoneNumber", "Title"} {
		o[name] = c.in[name]
	}
	s.byType[c.in.str("AlternateContactType")] = o
	return nil, nil
}

func deleteAlternateContact(c *call) (wire.Object, error) {
	s, _, err := c.contact()
	if err != nil {
		return nil, err
	}
	delete(s.byType, c.in.str("AlternateContactType"))
	return nil, nil
}

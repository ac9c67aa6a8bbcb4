package event

// shape is what riposte expects of a value in a CloudTrail record: its kind, as in Record, and what lies in it. A nil shape
// expects nothing. It lets a record be checked and wrapped without being decoded: most records no rule is about.
type shape struct {
	name    string
	kind    byte // first character of the value in a record: " { [ or t; null is always allowed; 0: any
	wrapped byte // the same in an envelope, without null; 0: any
	keep    part
	members [][]*shape // of an object, by the length of the name
	item    *shape     // of an array
}

// part is a value that the envelope of a record is made of.
type part uint8

const (
	nothing part = iota
	eventIDPart
	eventNamePart
	eventSourcePart
	eventTypePart
	eventTimePart
	regionPart
	recipientPart  // recipientAccountId
	userPart       // userIdentity.accountId
	arnPart        // resources[].ARN, any number of them
	detailTypePart // of an envelope: no record has it; like those that follow
	idPart
	sourcePart
	timePart
	detailPart
	parts
)

// record is where the reader found the parts of a record's envelope, as quoted strings.
type record struct {
	values [parts][]byte
	arns   [][]byte
	odd    *shape // the first value of another kind than a record has
	alien  bool   // a value is of another kind than an envelope has
	detail bool   // there is what an envelope has as detail
}

// look compares the kind of a value with the expected one.
func (f *record) look(of *shape, first byte) {
	if first == 'f' {
		first = 't'
	}
	if first != of.kind && first != 'n' && of.kind != 0 && f.odd == nil {
		f.odd = of
	}
	if of.wrapped != 0 {
		f.alien = f.alien || first != of.wrapped
		f.detail = f.detail || of.keep == detailPart
	}
}

// note keeps a string.
func (f *record) note(of *shape, quoted []byte) {
	switch of.keep {
	case nothing:
	case arnPart:
		f.arns = append(f.arns, quoted)
	default:
		f.values[of.keep] = quoted
	}
}

// text returns a part's text, nothing where the record lacks it.
func (f *record) text(p part) []byte {
	if f.values[p] == nil {
		return nil
	}
	return plain(f.values[p])
}

// what says what is expected, for a message.
func (s *shape) what() string {
	kinds := map[byte]string{'"': "a string", '{': "an object", '[': "a list", 't': "true or false"}
	return s.name + " must be " + kinds[s.kind]
}

// member returns what is expected of an object's member.
func (s *shape) member(name []byte) *shape {
	if s == nil || len(name) >= len(s.members) {
		return nil
	}
	for _, m := range s.members[len(name)] {
		if m.name == string(name) {
			return m
		}
	}
	return nil
}

func text(name string, keep part) *shape { return &shape{name: name, kind: '"', keep: keep} }

func texts(names ...string) []*shape {
	all := make([]*shape, len(names))
	for i, name := range names {
		all[i] = text(name, nothing)
	}
	return all
}

func object(name string, members ...*shape) *shape {
	s := &shape{name: name, kind: '{'}
	for _, m := range members {
		for len(s.members) <= len(m.name) {
			s.members = append(s.members, nil)
		}
		s.members[len(m.name)] = append(s.members[len(m.name)], m)
	}
	return s
}

// own is what an envelope has and a record has not.
func own(name string, keep part, kind byte) *shape {
	return &shape{name: name, wrapped: kind, keep: keep}
}

// resources are objects in a record, strings in an envelope.
func resources(name string, members ...*shape) *shape {
	item := object(name+"[]", members...)
	item.wrapped = '"'
	return &shape{name: name, kind: '[', wrapped: '[', item: item}
}

// recordShape is Record, and what an envelope has, which is told from it by detail-type. A test holds the two together.
var recordShape = object("", append(
	texts("eventVersion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestID", "sharedEventID"),
	text("eventTime", eventTimePart), text("eventSource", eventSourcePart), text("eventName", eventNamePart),
	text("awsRegion", regionPart), text("eventID", eventIDPart), text("eventType", eventTypePart),
	text("recipientAccountId", recipientPart), text("detail-type", detailTypePart), &shape{name: "readOnly", kind: 't'},
	own("version", nothing, '"'), own("id", idPart, '"'), own("source", sourcePart, '"'), own("account", nothing, '"'),
	own("time", timePart, '"'), own("region", nothing, '"'), own("detail", detailPart, '{'),
	object("userIdentity", append(texts("type", "principalId", "arn", "accessKeyId", "userName", "invokedBy"),
		text("accountId", userPart), object("onBehalfOf", texts("userId")...),
		object("sessionContext", append(texts("sourceIdentity"),
			object("sessionIssuer", texts("type", "principalId", "arn", "accountId", "userName")...),
			object("attributes", texts("creationDate", "mfaAuthenticated")...))...))...),
	resources("resources", append(texts("accountId", "type"), text("ARN", arnPart))...),
)...)

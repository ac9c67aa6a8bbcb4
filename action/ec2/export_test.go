package ec2

// WithPageSize returns the action with pages of that many rules.
func (a *Revoke) WithPageSize(n int32) *Revoke {
	c := *a
	c.pageSize = n
	return &c
}

// OneOrMore is the list of a record.
type OneOrMore = oneOrMore

package ec2

// WithPageSize returns the action with pages of that many rules.
func (a *RevokeIngress) WithPageSize(n int32) *RevokeIngress {
	c := *a
	c.pageSize = n
	return &c
}

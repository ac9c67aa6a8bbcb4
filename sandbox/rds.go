package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// rdsService answers for database instances, which store nothing, and their
// snapshots (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html.
func rdsService() *service {
	instance := func(c *call) []string { return []string{c.arn("db:" + orElse(c.databaseID(), "*"))} }
	snapshot := func(c *call) []string {
		return []string{c.arn("snapshot:" + orElse(c.in.str("DBSnapshotIdentifier"), "*"))}
	}
	both := func(c *call) []string { return append(instance(c), snapshot(c)...) }
	return &service{
		name: "rds", prefix: "rds",
		operations: []operation{
			{name: "CreateDBInstance", resources: instance, handle: createDatabase, record: unwrapped()},
			{name: "DescribeDBInstances", resources: instance, handle: describeDatabases},
			{name: "ModifyDBInstance", resources: instance, handle: modifyDatabase, record: unwrapped()},
			{name: "CreateDBSnapshot", resources: both, handle: createDatabaseSnapshot, record: unwrapped()},
			{name: "DescribeDBSnapshots", resources: snapshot, handle: describeDatabaseSnapshots},
			{name: "DescribeDBSnapshotAttributes", resources: snapshot, handle: describeDatabaseSnapshotAttributes},
			{name: "ModifyDBSnapshotAttribute", resources: snapshot, handle: modifyDatabaseSnapshotAttribute},
		},
	}
}

// unwrapped is how RDS's records tell of what a call made: without the member
// that holds it.
func unwrapped() recordShape {
	return recordShape{responseOf: func(c *call, out wire.Object) any {
		all, _ := recordShape{}.value(c.target.Operation.Output.Type(), out, true).(wire.Object)
		for _, made := range all {
			return made
		}
		return nil
	}}
}

// databases are those of an account in a region.
type databases struct {
	instances []*database
	snapshots []*databaseSnapshot
}

type database struct {
	id, class, engine, cluster   string
	public, protected, encrypted bool
	autoMinor, iamAuth           bool
	retention                    int         // days that automated backups are kept; 0: none are made
	pending                      wire.Object // what waits for the maintenance window
	created                      time.Time
	tags                         map[string]string
}

type databaseSnapshot struct {
	id, instance, engine string
	encrypted            bool
	created              time.Time
	restore              []string // accounts, and all
	tags                 map[string]string
}

func newDatabases() *databases { return &databases{} }

func (s *databases) clone() stater {
	out := newDatabases()
	for _, d := range s.instances {
		c := *d
		c.tags = maps.Clone(d.tags)
		out.instances = append(out.instances, &c)
	}
	for _, d := range s.snapshots {
		c := *d
		c.restore, c.tags = slices.Clone(d.restore), maps.Clone(d.tags)
		out.snapshots = append(out.snapshots, &c)
	}
	return out
}

func (c *call) databases() *databases {
	return stateOf(c, stateKey{"rds", c.account.id, c.region}, newDatabases)
}

// databaseID is the instance that the input names by id or ARN.
func (c *call) databaseID() string {
	return strings.TrimPrefix(c.in.str("DBInstanceIdentifier"), c.arn("db:"))
}

func (c *call) database() (*database, error) {
	id := c.databaseID()
	d := firstWhere(c.databases().instances, func(d *database) bool { return strings.EqualFold(d.id, id) })
	if d == nil {
		return nil, wire.Errorf("DBInstanceNotFound", "DBInstance %s not found.", id)
	}
	return d, nil
}

func (c *call) databaseSnapshot() (*databaseSnapshot, error) {
	id := c.in.str("DBSnapshotIdentifier")
	d := firstWhere(c.databases().snapshots, func(d *databaseSnapshot) bool { return strings.EqualFold(d.id, id) })
	if d == nil {
		return nil, wire.Errorf("DBSnapshotNotFound", "DBSnapshot not found: %s", id)
	}
	return d, nil
}

func (c *call) inputTags() map[string]string {
	tags := map[string]string{}
	for _, t := range c.in.objects("Tags") {
		tags[t.str("Key")] = t.str("Value")
	}
	return tags
}

func createDatabase(c *call) (wire.Object, error) {
	if d, _ := c.database(); d != nil {
		return nil, wire.Errorf("DBInstanceAlreadyExists", "DB instance already exists")
	}
	d := &database{
		id: lower(c.databaseID()), class: c.in.str("DBInstanceClass"), engine: c.in.str("Engine"), cluster: c.in.str("DBClusterIdentifier"),
		public: c.in.flag("PubliclyAccessible", false), protected: c.in.flag("DeletionProtection", false),
		encrypted: c.in.flag("StorageEncrypted", false), created: c.time.UTC(), tags: c.inputTags(),
		autoMinor: c.in.flag("AutoMinorVersionUpgrade", true), iamAuth: c.in.flag("EnableIAMDatabaseAuthentication", false),
		retention: c.in.number("BackupRetentionPeriod", 1), pending: wire.Object{},
	}
	all := c.databases()
	all.instances = append(all.instances, d)
	c.subject("AWS::RDS::DBInstance", d.id)
	return wire.Object{"DBInstance": d.describe(c)}, nil
}

func (d *database) describe(c *call) wire.Object {
	out := wire.Object{
		"DBInstanceIdentifier": d.id, "DBInstanceArn": c.arn("db:" + d.id), "DBInstanceClass": d.class, "Engine": d.engine,
		"DBInstanceStatus": "available", "PubliclyAccessible": d.public, "DeletionProtection": d.protected,
		"StorageEncrypted": d.encrypted, "InstanceCreateTime": d.created, "TagList": tagList(d.tags),
		"AutoMinorVersionUpgrade": d.autoMinor, "IAMDatabaseAuthenticationEnabled": d.iamAuth, "BackupRetentionPeriod": int64(d.retention),
		"PendingModifiedValues": d.pending, "VpcSecurityGroups": wire.List{wire.Object{"VpcSecurityGroupId": "sg-0123456789abcdef0", "Status": "active"}},
		"DBSubnetGroup": wire.Object{"DBSubnetGroupName": "default"},
	}
	put(out, "DBClusterIdentifier", d.cluster)
	return out
}

func describeDatabases(c *call) (wire.Object, error) {
	all := c.databases().instances
	if c.in.has("DBInstanceIdentifier") {
		d, err := c.database()
		if err != nil {
			return nil, err
		}
		all = []*database{d}
	}
	return markerPage(c, "DBInstances", all, func(d *database) any { return d.describe(c) })
}

// modifyDatabase changes at once what AWS changes without an interruption, and
// the rest only if that is asked for: then all that has waited changes, too.
func modifyDatabase(c *call) (wire.Object, error) {
	d, err := c.database()
	if err != nil {
		return nil, err
	}
	if c.in.has("DeletionProtection") && d.cluster != "" {
		return nil, wire.Errorf("InvalidParameterCombination", "Deletion protection is managed by the DB cluster %s.", d.cluster)
	}
	if err := d.modifyLater(c); err != nil {
		return nil, err
	}
	d.public = c.in.flag("PubliclyAccessible", d.public)
	d.protected = c.in.flag("DeletionProtection", d.protected)
	d.autoMinor = c.in.flag("AutoMinorVersionUpgrade", d.autoMinor)
	c.subject("AWS::RDS::DBInstance", d.id)
	return wire.Object{"DBInstance": d.describe(c)}, nil
}

func (d *database) modifyLater(c *call) error {
	days := c.in.number("BackupRetentionPeriod", d.retention)
	authenticate := c.in.flag("EnableIAMDatabaseAuthentication", d.iamAuth)
	pending := maps.Clone(d.pending)
	switch {
	case days < 0 || days > 35:
		return wire.Errorf("InvalidParameterValue", "Invalid backup retention period: %d. Must be between 0 and 35.", days)
	case days != d.retention && d.cluster != "":
		return wire.Errorf("InvalidParameterCombination", "Backup retention period is managed by the DB cluster %s.", d.cluster)
	case authenticate && !slices.Contains([]string{"mysql", "mariadb", "postgres"}, d.engine):
		return wire.Errorf("InvalidParameterCombination", "IAM Database Authentication is not supported for the engine %s.", d.engine)
	case authenticate != d.iamAuth:
		pending["IAMDatabaseAuthenticationEnabled"] = authenticate
	}
	if days != d.retention && (days == 0 || d.retention == 0) {
		pending["BackupRetentionPeriod"] = int64(days)
	} else {
		d.retention = days
	}
	if c.in.has("DBInstanceClass") && c.in.str("DBInstanceClass") != d.class {
		pending["DBInstanceClass"] = c.in.str("DBInstanceClass")
	}
	d.pending = pending
	if !c.in.flag("ApplyImmediately", false) {
		return nil
	}
	waiting := input(pending)
	d.retention, d.iamAuth = waiting.number("BackupRetentionPeriod", d.retention), waiting.flag("IAMDatabaseAuthenticationEnabled", d.iamAuth)
	d.class, d.pending = orElse(waiting.str("DBInstanceClass"), d.class), wire.Object{}
	return nil
}

func createDatabaseSnapshot(c *call) (wire.Object, error) {
	d, err := c.database()
	if err != nil {
		return nil, err
	}
	if s, _ := c.databaseSnapshot(); s != nil {
		return nil, wire.Errorf("DBSnapshotAlreadyExists", "Cannot create the snapshot because a snapshot with the identifier %s already exists.", s.id)
	}
	s := &databaseSnapshot{
		id: lower(c.in.str("DBSnapshotIdentifier")), instance: d.id, engine: d.engine, encrypted: d.encrypted, created: c.time.UTC(), tags: c.inputTags(),
	}
	all := c.databases()
	all.snapshots = append(all.snapshots, s)
	c.subject("AWS::RDS::DBSnapshot", s.id)
	return wire.Object{"DBSnapshot": s.describe(c)}, nil
}

func (s *databaseSnapshot) describe(c *call) wire.Object {
	return wire.Object{
		"DBSnapshotIdentifier": s.id, "DBSnapshotArn": c.arn("snapshot:" + s.id), "DBInstanceIdentifier": s.instance, "Engine": s.engine,
		"SnapshotType": "manual", "Status": "available", "Encrypted": s.encrypted, "SnapshotCreateTime": s.created, "TagList": tagList(s.tags),
	}
}

func describeDatabaseSnapshots(c *call) (wire.Object, error) {
	all := c.databases().snapshots
	if c.in.has("DBSnapshotIdentifier") {
		s, err := c.databaseSnapshot()
		if err != nil {
			return nil, err
		}
		all = []*databaseSnapshot{s}
	}
	return markerPage(c, "DBSnapshots", all, func(s *databaseSnapshot) any { return s.describe(c) })
}

func (s *databaseSnapshot) attributes() wire.Object {
	return wire.Object{"DBSnapshotAttributesResult": wire.Object{
		"DBSnapshotIdentifier": s.id,
		"DBSnapshotAttributes": wire.List{wire.Object{"AttributeName": "restore", "AttributeValues": strList(s.restore)}},
	}}
}

func describeDatabaseSnapshotAttributes(c *call) (wire.Object, error) {
	s, err := c.databaseSnapshot()
	if err != nil {
		return nil, err
	}
	return s.attributes(), nil
}

func modifyDatabaseSnapshotAttribute(c *call) (wire.Object, error) {
	s, err := c.databaseSnapshot()
	if err != nil {
		return nil, err
	}
	add := c.in.strs("ValuesToAdd")
	switch {
	case c.in.str("AttributeName") != "restore":
		return nil, wire.Errorf("InvalidParameterValue", "Invalid attribute name: %s", c.in.str("AttributeName"))
	case s.encrypted && slices.Contains(add, "all"):
		return nil, wire.Errorf("InvalidParameterValue", "Encrypted snapshots cannot be shared publicly.")
	}
	for _, who := range add {
		if !slices.Contains(s.restore, who) {
			s.restore = append(s.restore, who)
		}
	}
	s.restore = slices.DeleteFunc(s.restore, func(who string) bool { return slices.Contains(c.in.strs("ValuesToRemove"), who) })
	c.subject("AWS::RDS::DBSnapshot", s.id)
	return s.attributes(), nil
}

"""Reserved words, refused as the name of a database or of its master user, in upper or lower case."""

from __future__ import annotations

_MYSQL = """
    accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade
    case change char character check collate column condition constraint continue convert create cross cube cursor
    database databases dec decimal declare default delayed delete desc describe deterministic distinct distinctrow
    div double drop dual each else elseif empty enclosed escaped except exists exit explain false fetch float float4
    float8 for force foreign from fulltext function generated get grant group grouping groups having if ignore in
    index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into is
    iterate join key keys kill lateral leading leave left like limit linear lines load localtime localtimestamp lock
    long longblob longtext loop match maxvalue mediumblob mediumint mediumtext middleint mod modifies natural not
    ntile null numeric of on optimize option optionally or order out outer outfile over partition precision primary
    procedure purge range rank read reads real recursive references regexp release rename repeat replace require
    resignal restrict return revoke right rlike row rows schema schemas select sensitive separator set show signal
    smallint spatial specific sql sqlexception sqlstate sqlwarning ssl starting stored system table terminated then
    tinyblob tinyint tinytext to trailing trigger true undo union unique unlock unsigned update usage use using
    values varbinary varchar varcharacter varying virtual when where while window with write xor zerofill
"""
"""MySQL's reserved words without an underscore, which neither name may have (MySQL 8.0 manual, "Keywords and Reserved
Words"). RDS refuses "a word reserved by the database engine" for both (RDS user guide, naming constraints)."""

_POSTGRESQL = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric system_user table tablesample then to trailing true
    union unique user using variadic verbose when where window with
"""
"""PostgreSQL's reserved words, also as functions or types (PostgreSQL 17 manual, appendix C)."""

POSTGRESQL_DATABASES = frozenset({*_POSTGRESQL.split(), "admin", "rdsadmin", "template0", "template1"})
"""And databases of every cluster, and `admin`, which AWS refuses (awslabs/aws-saas-boost#180). It takes `postgres`."""
POSTGRESQL_USERS = frozenset(
    {*_POSTGRESQL.split(), "admin", "none", "public", "rdsadmin", "rdsproxyadmin", "rdsrepladmin"}
)
"""And the roles that RDS creates for itself, and `admin`: `MasterUsername admin cannot be used as it is a reserved
word used by the engine` (AWS's answer, aws/aws-cdk#5076)."""
DATABASES = frozenset({*_MYSQL.split(), "mysql", "sys"})
"""And the schemas of every MySQL server: `DatabaseName mysql cannot be used. It is a reserved word for this engine`
(AWS's answer)."""
USERS = frozenset({*_MYSQL.split(), "mysql", "rdsadmin", "rdsrepladmin", "root"})
"""And the users that RDS or MySQL creates for itself."""

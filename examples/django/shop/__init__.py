"""A shop of three pages: what there is, what was ordered, and whether all is well."""

import pymysql

# Django asks for mysqlclient, which has to be compiled; PyMySQL takes its place.
pymysql.version_info = (2, 2, 7, "final", 0)
pymysql.install_as_MySQLdb()

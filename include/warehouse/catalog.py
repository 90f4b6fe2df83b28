"""What the warehouse's own catalog says of the views that dbt keeps."""

from include.warehouse.database import Connection


def views_digest(connection: Connection) -> str:
    """One digest of all views of dbt: which there are, and the definition that each says it has."""
    return connection.execute(
        """
        select
            md5(string_agg(
                concat_ws(' ', s.nspname, v.relname, obj_description(v.oid, 'pg_class')),
                ',' order by s.nspname, v.relname
            )) as digest
        from pg_class as v
        inner join pg_namespace as s on v.relnamespace = s.oid
        where v.relkind = 'v' and s.nspname in ('staging', 'intermediate', 'marts')
        """
    ).fetchone()["digest"]
